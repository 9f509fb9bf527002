-- What reviewing needs.

-- community: how many people must approve an answer before it leaves; whether so little is at risk that
-- another advocate may look at it; and how often somebody was told that it waits. The index of alarms is
-- for who looks for answers that wait too long, the one of what was reviewed for how long it took.
ALTER TABLE answers ADD COLUMN quorum BIGINT NOT NULL DEFAULT 1;
ALTER TABLE answers ADD COLUMN low_risk BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE answers ADD COLUMN alarms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX answers_alarms ON answers (brand_id, alarms, submitted_at) WHERE state = 'submitted';
CREATE INDEX answers_reviewed ON answers (brand_id, submitted_at) WHERE decided_at IS NOT NULL AND why_reviewed <> '';

-- community: an employee who is asked to review within their hours
ALTER TABLE members ADD COLUMN duty BOOLEAN NOT NULL DEFAULT FALSE;

-- moderation: what a return teaches, a wording that the reviewer suggests, and whether an admin let an
-- answer leave without the approvals it needed
ALTER TABLE reviews ADD COLUMN lessons TEXT NOT NULL DEFAULT '[]';
ALTER TABLE reviews ADD COLUMN suggestion TEXT NOT NULL DEFAULT '';
ALTER TABLE reviews ADD COLUMN override BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX reviews_overrides ON reviews (brand_id, id) WHERE override;

-- moderation: an author asks for a second look at what a reviewer decided, once an answer
CREATE TABLE appeals (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	answer_id BIGINT NOT NULL UNIQUE REFERENCES answers (id),
	review_id BIGINT NOT NULL REFERENCES reviews (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	reason TEXT NOT NULL,
	state TEXT NOT NULL,
	due_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	decided_by BIGINT REFERENCES members (id),
	decided_at BIGINT,
	word TEXT NOT NULL
);
CREATE INDEX appeals_open ON appeals (brand_id, due_at) WHERE state = 'open';
