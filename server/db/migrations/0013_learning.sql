-- What learning from corrections needs.

-- moderation: what people said of mentions, one head at a time. Rows are only added: of a mention and head
-- the latest counts. head is one of triage's or "topic"; predicted is what the product had said before.
CREATE TABLE labels (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	mention_id BIGINT NOT NULL,
	member_id BIGINT NOT NULL REFERENCES members (id),
	head TEXT NOT NULL,
	topic_id BIGINT NOT NULL,
	yes BOOLEAN NOT NULL,
	predicted @float NOT NULL,
	predicted_topic BIGINT NOT NULL,
	source TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX labels_by_mention ON labels (mention_id, head, id);
CREATE INDEX labels_by_brand ON labels (brand_id, id);

-- moderation: what was learned from them, a version each time; packed is NULL where nothing was accepted
CREATE TABLE layers (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	labels BIGINT NOT NULL,
	last_label BIGINT NOT NULL,
	how TEXT NOT NULL,
	packed @bytes,
	made_by BIGINT REFERENCES members (id),
	created_at BIGINT NOT NULL
);
CREATE INDEX layers_by_brand ON layers (brand_id, id);
CREATE INDEX layers_accepted ON layers (brand_id, id) WHERE packed IS NOT NULL;

-- moderation: how learning stands. version grows with everything that whoever scores must know.
CREATE TABLE learning (
	brand_id BIGINT PRIMARY KEY REFERENCES brands (id),
	version BIGINT NOT NULL,
	waiting BIGINT NOT NULL,
	due_at BIGINT
);
CREATE INDEX learning_due ON learning (due_at) WHERE due_at IS NOT NULL;

-- moderation: what was heard on a day (UTC, days since 1970): how many posts got which probability of each
-- head, in steps of 5 %, and the mentions that it begins and ends with
CREATE TABLE heard_days (
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	day BIGINT NOT NULL,
	posts BIGINT NOT NULL,
	counts TEXT NOT NULL,
	first_mention BIGINT NOT NULL,
	last_mention BIGINT NOT NULL,
	PRIMARY KEY (brand_id, day)
);

-- community: texts that are about a topic, written or picked by the brand
ALTER TABLE topics ADD COLUMN examples TEXT NOT NULL DEFAULT '[]';
