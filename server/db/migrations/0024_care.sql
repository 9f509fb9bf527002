-- Angry cases go to advocates who are ready for them, and what waits too long for the employees does too.

-- community: an advocate's own word that they answer angry cases
ALTER TABLE members ADD COLUMN care BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX members_who_care ON members (brand_id) WHERE care;

-- community: the rule for which a case waits for the employees and may go to community-care when too much
-- waits there; '' where it may not. hold is the rule for which a person looks before anybody may claim it.
ALTER TABLE cases ADD COLUMN overflow TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN hold TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_overflow ON cases (brand_id, lane, customer_at, id) WHERE state = 'open' AND overflow <> '';
CREATE INDEX cases_in_care ON cases (brand_id, customer_at, id) WHERE state = 'open' AND lane = 'community-care';
