-- What trust is made of, and what keeps people well.

-- community: a customer who rages; some members would rather not see such cases, and need not
ALTER TABLE cases ADD COLUMN hostile BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE members ADD COLUMN shield BOOLEAN NOT NULL DEFAULT FALSE;

-- community: who let an answer out or gave it back; NULL where a rule did
ALTER TABLE answers ADD COLUMN reviewer_id BIGINT REFERENCES members (id);

-- community: how each advocate stands, since their first answer that somebody judged. due_at is from
-- when it must be weighed again: at once after new evidence, at the end of a grant or of a grace.
CREATE TABLE trust (
	member_id BIGINT PRIMARY KEY REFERENCES members (id),
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	earned BIGINT NOT NULL,
	granted BIGINT NOT NULL DEFAULT 0,
	granted_until BIGINT,
	below_since BIGINT,
	counts_from BIGINT NOT NULL DEFAULT 0,
	changed_at BIGINT NOT NULL,
	due_at BIGINT
);
CREATE INDEX trust_due ON trust (due_at) WHERE due_at IS NOT NULL;

-- community: what happened to somebody's trust and why, with the record it was decided by
CREATE TABLE trust_changes (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	by_id BIGINT REFERENCES members (id),
	kind TEXT NOT NULL,
	level_from BIGINT NOT NULL,
	level_to BIGINT NOT NULL,
	pieces BIGINT NOT NULL,
	good BIGINT NOT NULL,
	reason TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX trust_changes_by_member ON trust_changes (member_id, id);

-- community: the moderator and the admin who would have somebody as a guide; two people, one a role
CREATE TABLE guide_votes (
	member_id BIGINT NOT NULL REFERENCES members (id),
	role TEXT NOT NULL,
	employee_id BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (member_id, role),
	UNIQUE (member_id, employee_id)
);

-- community: the answers that somebody judged
CREATE INDEX answers_judged ON answers (member_id, id) WHERE returns > 0 OR kept IS NOT NULL OR outcome IN ('solved', 'broken');

-- community: the minutes in which somebody did something here, kept for some weeks; what they or the
-- brand were told of their hours, and when. A member who was advised to rest may go on: a mark, too.
CREATE TABLE worked (
	member_id BIGINT NOT NULL REFERENCES members (id),
	minute BIGINT NOT NULL,
	PRIMARY KEY (member_id, minute)
);
CREATE INDEX worked_by_minute ON worked (minute, member_id);
CREATE TABLE hours_told (
	member_id BIGINT NOT NULL REFERENCES members (id),
	mark TEXT NOT NULL,
	told_at BIGINT NOT NULL,
	PRIMARY KEY (member_id, mark)
);
