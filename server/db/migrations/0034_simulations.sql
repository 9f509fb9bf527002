-- moderation: plays of a brand's days in the wind tunnel, at most one under way for a brand
CREATE TABLE simulations (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	source TEXT NOT NULL,
	days BIGINT NOT NULL,
	state TEXT NOT NULL,
	percent BIGINT NOT NULL,
	asked_by BIGINT NOT NULL REFERENCES members (id),
	asked_at BIGINT NOT NULL,
	deadline BIGINT NOT NULL,
	ended_at BIGINT,
	error TEXT NOT NULL,
	result TEXT NOT NULL
);
CREATE UNIQUE INDEX simulations_one_under_way ON simulations (brand_id) WHERE state = 'running';
CREATE INDEX simulations_of_brand ON simulations (brand_id, id);
