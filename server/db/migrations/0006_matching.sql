-- Whom a case fits, who is at it, and what a phone is told of.

-- community: the answer that another one was started from, whose author shares the credit; and whether
-- its author let go of one, so that the next holder of the case may start from it
ALTER TABLE answers ADD COLUMN based_on BIGINT REFERENCES answers (id);
ALTER TABLE answers ADD COLUMN is_left BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX answers_based_on ON answers (based_on) WHERE based_on IS NOT NULL;

-- community: on which networks a member answers, [] is all; when they looked at the feed last, and at
-- the end of the visit before that; how many matching cases a day their phone may tell of
ALTER TABLE members ADD COLUMN networks TEXT NOT NULL DEFAULT '[]';
ALTER TABLE members ADD COLUMN seen_at BIGINT;
ALTER TABLE members ADD COLUMN away_since BIGINT;
CREATE INDEX notices_by_time ON notices (member_id, created_at);
ALTER TABLE members ADD COLUMN pushes BIGINT NOT NULL DEFAULT 2;

-- community: cases that members said are not for them
CREATE TABLE declines (
	member_id BIGINT NOT NULL REFERENCES members (id),
	case_id BIGINT NOT NULL REFERENCES cases (id),
	reason TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (member_id, case_id)
);
CREATE INDEX declines_by_case ON declines (case_id);

-- community: who has a case open, or is writing, until when
CREATE TABLE presence (
	case_id BIGINT NOT NULL REFERENCES cases (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	kind TEXT NOT NULL,
	until BIGINT NOT NULL,
	PRIMARY KEY (case_id, member_id)
);
CREATE INDEX presence_by_end ON presence (until);

-- community: browsers that a person lets us wake, valid while the person's epoch is this one; what was
-- pushed of which case; and the key pair that browsers know this installation by, its private half sealed
CREATE TABLE push_devices (
	id @id,
	person_id BIGINT NOT NULL REFERENCES persons (id),
	epoch BIGINT NOT NULL,
	endpoint TEXT NOT NULL UNIQUE,
	p256dh TEXT NOT NULL,
	auth TEXT NOT NULL,
	name TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	used_at BIGINT
);
CREATE INDEX push_devices_by_person ON push_devices (person_id);
CREATE TABLE match_pushes (
	member_id BIGINT NOT NULL REFERENCES members (id),
	case_id BIGINT NOT NULL REFERENCES cases (id),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (member_id, case_id)
);
CREATE INDEX match_pushes_by_time ON match_pushes (member_id, created_at);
CREATE INDEX match_pushes_by_case ON match_pushes (case_id);
CREATE TABLE push_keys (
	id BIGINT PRIMARY KEY,
	public TEXT NOT NULL,
	sealed @bytes NOT NULL,
	created_at BIGINT NOT NULL
);
