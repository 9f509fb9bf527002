-- Whose turn it is: promises that can still be kept, then what is late (1), then what asks for nothing (2).
ALTER TABLE cases ADD COLUMN tier BIGINT NOT NULL DEFAULT 0;
UPDATE cases SET tier = 2 WHERE state = 'open' AND asked_at IS NULL AND urgency < 1;
CREATE INDEX cases_in_turn ON cases (brand_id, lane, language, topic_id, tier, due_at, id) WHERE state = 'open';
CREATE INDEX cases_running_late ON cases ((customer_at + within * 1000)) WHERE state = 'open' AND tier = 0;

-- When a statement began to speak for a case, for as long as it does; reports count it apart.
ALTER TABLE cases ADD COLUMN covered_at BIGINT;

-- Whether the statement on an incident also speaks for what is written later, and who has said so.
ALTER TABLE incidents ADD COLUMN covers_by BIGINT REFERENCES members (id);
