-- What a brand's people are called for.

-- moderation: how much customers wrote in five minutes, by topic
CREATE TABLE heard_slots (
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	slot BIGINT NOT NULL,
	topic_id BIGINT NOT NULL,
	posts BIGINT NOT NULL,
	angry BIGINT NOT NULL,
	PRIMARY KEY (brand_id, slot, topic_id)
);
CREATE INDEX heard_slots_by_time ON heard_slots (slot);

-- moderation: one alert a storm, or whatever it is about, until the cause is gone
CREATE TABLE alerts (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	kind TEXT NOT NULL,
	about TEXT NOT NULL,
	state TEXT NOT NULL,
	urgent BOOLEAN NOT NULL,
	detail TEXT NOT NULL,
	opened_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	taken_by BIGINT REFERENCES members (id),
	taken_at BIGINT,
	ended_by BIGINT REFERENCES members (id),
	ended_at BIGINT,
	cleared_at BIGINT,
	told BIGINT NOT NULL,
	tell_at BIGINT,
	version BIGINT NOT NULL
);
CREATE UNIQUE INDEX alerts_live ON alerts (brand_id, kind, about) WHERE cleared_at IS NULL;
CREATE INDEX alerts_to_tell ON alerts (tell_at) WHERE tell_at IS NOT NULL;
CREATE INDEX alerts_open ON alerts (brand_id, id) WHERE state <> 'over';
CREATE INDEX alerts_over ON alerts (brand_id, id) WHERE state = 'over';

CREATE INDEX activities_of_rule_alerts ON activities (brand_id, created_at) WHERE kind = 'rule_alert';
