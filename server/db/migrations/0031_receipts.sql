-- listeners: automatic "we have got it", an outbox beside replies: one a case, never a second one. What ends without
-- having been posted is not tried again, and nobody is asked about it.
CREATE TABLE receipts (
	id TEXT PRIMARY KEY,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	case_id BIGINT NOT NULL UNIQUE REFERENCES cases (id),
	mention_id BIGINT NOT NULL REFERENCES mentions (id),
	rule TEXT NOT NULL,
	parent_id TEXT NOT NULL,
	thread_key TEXT NOT NULL,
	target TEXT NOT NULL,
	surface TEXT NOT NULL,
	text TEXT NOT NULL,
	text_hash TEXT NOT NULL,
	state TEXT NOT NULL,
	due_at BIGINT NOT NULL,
	until BIGINT NOT NULL,
	attempts BIGINT NOT NULL,
	reads BIGINT NOT NULL,
	absent BIGINT NOT NULL,
	started_at BIGINT,
	tried_at BIGINT,
	sent_at BIGINT,
	native_id TEXT NOT NULL,
	url TEXT NOT NULL,
	error TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	version BIGINT NOT NULL
);
CREATE INDEX receipts_due ON receipts (due_at) WHERE state IN ('queued', 'sending', 'retry', 'ambiguous', 'held');
CREATE INDEX receipts_pace ON receipts (connection_id, tried_at) WHERE tried_at IS NOT NULL;
CREATE INDEX receipts_of_text ON receipts (connection_id, text_hash, created_at);
CREATE INDEX receipts_on_network ON receipts (connection_id, native_id) WHERE native_id <> '';
CREATE INDEX receipts_not_there ON receipts (parent_id) WHERE native_id = '';
