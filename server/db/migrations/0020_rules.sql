-- A brand's own rules.

-- moderation: the rules that a brand's people write, until they are switched on. value is the set as JSON.
-- replayed is a hash of the value that was tried on the past, with what came of it.
CREATE TABLE rule_drafts (
	brand_id BIGINT PRIMARY KEY REFERENCES brands (id),
	value TEXT NOT NULL,
	changed_by BIGINT NOT NULL REFERENCES members (id),
	changed_at BIGINT NOT NULL,
	replayed TEXT NOT NULL DEFAULT '',
	outcome TEXT NOT NULL DEFAULT '',
	watched_since BIGINT
);

-- moderation: rules that were switched on; the latest of a brand decide. Rows are
-- only added.
CREATE TABLE rule_versions (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	value TEXT NOT NULL,
	made_by BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL
);
CREATE INDEX rule_versions_by_brand ON rule_versions (brand_id, id);

-- moderation: what a draft that is watched would have made of mentions
CREATE TABLE rule_watches (
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	mention_id BIGINT NOT NULL,
	before_lane TEXT NOT NULL,
	before_rule TEXT NOT NULL,
	after_lane TEXT NOT NULL,
	after_rule TEXT NOT NULL,
	same BOOLEAN NOT NULL,
	PRIMARY KEY (brand_id, mention_id)
);

-- community: what rules say of a case besides its lane; tags one a line
ALTER TABLE cases ADD COLUMN team TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN review TEXT NOT NULL DEFAULT '';
