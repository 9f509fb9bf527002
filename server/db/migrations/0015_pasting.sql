-- What bringing posts by their link needs.

-- community: the links that members brought. link is the SHA-256 of a link's key, so that it tells nothing
-- once the post is erased; case_id is the case that began with it, NULL where there was one before or none.
CREATE TABLE pastes (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	link TEXT NOT NULL,
	mention_id BIGINT,
	case_id BIGINT,
	created_at BIGINT NOT NULL
);
CREATE INDEX pastes_by_link ON pastes (brand_id, link, id) WHERE mention_id IS NOT NULL;
CREATE INDEX pastes_by_member ON pastes (member_id, created_at);
CREATE INDEX pastes_by_case ON pastes (case_id) WHERE case_id IS NOT NULL;
