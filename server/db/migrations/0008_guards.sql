-- What the guards, the human exit and the opt-out need.

-- listeners: what a brand has sent lately, which a new answer is compared with
CREATE INDEX replies_lately ON replies (brand_id, created_at);

-- listeners: since when somebody wants to hear nothing more from the brand; see community/optout.go
ALTER TABLE accounts ADD COLUMN opted_out_at BIGINT;

-- community: how far an open case has climbed because nobody took it (0, 1 raised, 2 with the staff), and
-- the index for who looks for more of them
ALTER TABLE cases ADD COLUMN climbed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX cases_climbing ON cases (brand_id, climbed, customer_at) WHERE state = 'open' AND lane = 'community';

-- community: the customer's words that a notice is about
ALTER TABLE notices ADD COLUMN words TEXT NOT NULL DEFAULT '';
