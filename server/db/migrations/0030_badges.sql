-- gamification: what else badges look at, as words: hot (the customer raged), sourced (the answer names a source)
ALTER TABLE point_entries ADD COLUMN marks TEXT NOT NULL DEFAULT '';
CREATE INDEX point_entries_matured ON point_entries (brand_id, matures_at);

-- gamification: badges that members hold, or held. topic_id is 0 where a badge is about no topic; words are of the
-- person who gave one by hand.
CREATE TABLE awards (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	badge TEXT NOT NULL,
	topic_id BIGINT NOT NULL,
	tier BIGINT NOT NULL,
	words TEXT NOT NULL,
	given_by BIGINT REFERENCES members (id),
	created_at BIGINT NOT NULL,
	revoked_at BIGINT,
	revoked_why TEXT NOT NULL
);
CREATE UNIQUE INDEX awards_held ON awards (member_id, badge, topic_id, tier) WHERE revoked_at IS NULL AND given_by IS NULL;
CREATE INDEX awards_by_member ON awards (member_id, id);

-- gamification: up to which moment entries that have matured were looked at for badges
CREATE TABLE badge_looks (
	brand_id BIGINT PRIMARY KEY REFERENCES brands (id),
	looked_to BIGINT NOT NULL
);
