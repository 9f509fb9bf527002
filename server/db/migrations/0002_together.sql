-- What working together needs on top of the loop.

-- community: how an answer fared, which is what trust is made of. own_text is what the author sent
-- for review, before anybody edited it; kept is the share of it that went out, NULL where no person
-- has decided; outcome is the customer's latest word: solved, thanks, broken, or ''.
ALTER TABLE answers ADD COLUMN own_text TEXT NOT NULL DEFAULT '';
ALTER TABLE answers ADD COLUMN returns BIGINT NOT NULL DEFAULT 0;
ALTER TABLE answers ADD COLUMN kept @float;
ALTER TABLE answers ADD COLUMN outcome TEXT NOT NULL DEFAULT '';

-- community: what a brand's people have set, one row a section, a JSON object each
CREATE TABLE settings (
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	section TEXT NOT NULL,
	value TEXT NOT NULL,
	version BIGINT NOT NULL,
	changed_by BIGINT REFERENCES members (id),
	changed_at BIGINT NOT NULL,
	PRIMARY KEY (brand_id, section)
);

-- community: when a member is usually there, see Hours
ALTER TABLE members ADD COLUMN hours TEXT NOT NULL DEFAULT '{}';
