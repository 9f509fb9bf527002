-- Where a brand's alerts go besides its people's own pages and phones.

-- moderation: an e-mail address, or an address of another system that takes signed calls
CREATE TABLE alert_receivers (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	sealed @bytes NOT NULL,
	language TEXT NOT NULL,
	pace TEXT NOT NULL,
	wait_minutes BIGINT NOT NULL,
	quiet_from BIGINT NOT NULL,
	quiet_until BIGINT NOT NULL,
	zone TEXT NOT NULL,
	made_by BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL,
	told_at BIGINT,
	failed_at BIGINT,
	failed_why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX alert_receivers_by_brand ON alert_receivers (brand_id, id);

-- moderation: what a receiver is to be told of an alert, once; an alert that becomes urgent is told again
CREATE TABLE alert_messages (
	alert_id BIGINT NOT NULL REFERENCES alerts (id),
	receiver_id BIGINT NOT NULL REFERENCES alert_receivers (id) ON DELETE CASCADE,
	urgent BOOLEAN NOT NULL,
	due_at BIGINT,
	queued_at BIGINT,
	PRIMARY KEY (alert_id, receiver_id, urgent)
);
CREATE INDEX alert_messages_due ON alert_messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_messages_of_receivers ON alert_messages (receiver_id);
