-- gamification: what each entry was reckoned from, so that it can be reckoned again. Entries from before have
-- version 1 and none of it. brake lists what made an entry pay less; reason says why one was taken back.
ALTER TABLE point_entries ADD COLUMN account_id BIGINT;
ALTER TABLE point_entries ADD COLUMN topic_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE point_entries ADD COLUMN giver_id BIGINT;
ALTER TABLE point_entries ADD COLUMN gross BIGINT NOT NULL DEFAULT 0;
ALTER TABLE point_entries ADD COLUMN brake TEXT NOT NULL DEFAULT '';
ALTER TABLE point_entries ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE INDEX point_entries_lately ON point_entries (member_id, created_at);

-- gamification: what a brand pays, in versions from 3 on; without a row it pays what ships as version 2
CREATE TABLE point_tables (
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	version BIGINT NOT NULL,
	preset TEXT NOT NULL,
	terms TEXT NOT NULL,
	"full" BIGINT NOT NULL,
	made_by BIGINT REFERENCES members (id),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (brand_id, version)
);
