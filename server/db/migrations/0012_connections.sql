-- Connecting accounts in the web app.

-- listeners: somebody lets us use an account on a network's own pages. state is a hash of what the network
-- sends back with them; sealed has what they filled in, what proves the attempt ours, and later the accounts.
CREATE TABLE grants (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	network TEXT NOT NULL,
	owner TEXT NOT NULL,
	renews BIGINT NOT NULL,
	state TEXT NOT NULL,
	sealed @bytes NOT NULL,
	returned BOOLEAN NOT NULL,
	expires_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX grants_by_state ON grants (state);
CREATE INDEX grants_by_end ON grants (expires_at);

-- listeners: what a connection's network said when it was last asked how things stand
CREATE TABLE examinations (
	connection_id BIGINT PRIMARY KEY REFERENCES connections (id),
	findings TEXT NOT NULL,
	examined_at BIGINT NOT NULL
);
CREATE INDEX replies_asked ON replies (connection_id) WHERE state IN ('ask_human', 'held');
