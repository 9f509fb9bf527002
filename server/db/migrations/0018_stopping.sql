-- Who stopped everything that leaves a brand or a connection, and why; NULL where the operator did.
ALTER TABLE brands ADD COLUMN stopped_by BIGINT REFERENCES members (id);
ALTER TABLE brands ADD COLUMN stopped_why TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN stopped_by BIGINT REFERENCES members (id);
ALTER TABLE connections ADD COLUMN stopped_why TEXT NOT NULL DEFAULT '';
