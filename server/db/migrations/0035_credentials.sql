-- gamification: the id of the file as which an award was given out, '' for none, and the key that signs them
ALTER TABLE awards ADD COLUMN credential TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX awards_by_credential ON awards (credential) WHERE credential <> '';
CREATE INDEX awards_taken_back ON awards (brand_id, revoked_at) WHERE credential <> '' AND revoked_at IS NOT NULL;

CREATE TABLE credential_keys (
	id BIGINT PRIMARY KEY,
	sealed @bytes NOT NULL,
	created_at BIGINT NOT NULL
);
