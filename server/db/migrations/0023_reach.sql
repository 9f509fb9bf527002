-- About how many follow an account, where its network says so and the brand wants to know; 0: nobody knows.
ALTER TABLE accounts ADD COLUMN reach BIGINT NOT NULL DEFAULT 0;
CREATE INDEX accounts_with_reach ON accounts (brand_id) WHERE reach > 0;

-- What that adds to a case's urgency, and within how many milliseconds its customer should be answered.
ALTER TABLE cases ADD COLUMN reach @float NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN within BIGINT NOT NULL DEFAULT 7200000;
