-- What reports count.

-- community: the customer's first post that asks something, from which the time to the first answer runs;
-- NULL where none does
ALTER TABLE cases ADD COLUMN asked_at BIGINT;
CREATE INDEX cases_asked ON cases (brand_id, asked_at, id) WHERE asked_at IS NOT NULL;

-- community: answers that a person decided about, for how long they waited for it
CREATE INDEX answers_decided ON answers (brand_id, decided_at) WHERE reviewer_id IS NOT NULL;
