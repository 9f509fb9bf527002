-- community: when a topic was deleted; NULL while it is one. Cases, tests and members keep naming it, and who
-- creates a topic of its name has it back.
ALTER TABLE topics ADD COLUMN archived_at BIGINT;
