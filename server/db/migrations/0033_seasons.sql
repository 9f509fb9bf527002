-- gamification: four weeks of a brand, at the end of which the standing is kept and all begin nearly anew. One is open.
CREATE TABLE seasons (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	number BIGINT NOT NULL,
	starts_at BIGINT NOT NULL,
	ends_at BIGINT NOT NULL,
	closed_at BIGINT,
	UNIQUE (brand_id, number)
);
CREATE UNIQUE INDEX seasons_open ON seasons (brand_id) WHERE closed_at IS NULL;

-- gamification: how members stood when a season closed. place is 0 for who had too few answers for one; league is 0
-- where there were too few members for leagues.
CREATE TABLE season_places (
	season_id BIGINT NOT NULL REFERENCES seasons (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	league BIGINT NOT NULL,
	place BIGINT NOT NULL,
	pieces BIGINT NOT NULL,
	good BIGINT NOT NULL,
	helped BIGINT NOT NULL,
	reused BIGINT NOT NULL,
	PRIMARY KEY (season_id, member_id)
);
CREATE INDEX season_places_by_member ON season_places (member_id, season_id);

-- community: would rather not be ranked, nor seen in any ranking
ALTER TABLE members ADD COLUMN unranked BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX answers_judged_at ON answers (brand_id, decided_at) WHERE returns > 0 OR kept IS NOT NULL OR outcome IN ('solved', 'broken');
CREATE INDEX activities_of_thanks ON activities (brand_id, id) WHERE kind IN ('customer_thanks', 'case_solved');

-- gamification: what a brand's members try together for a week. chosen_by is NULL where the week chose; result is NULL
-- until it is over.
CREATE TABLE quests (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	kind TEXT NOT NULL,
	goal BIGINT NOT NULL,
	starts_at BIGINT NOT NULL,
	ends_at BIGINT NOT NULL,
	state TEXT NOT NULL,
	result BIGINT,
	chosen_by BIGINT REFERENCES members (id)
);
CREATE UNIQUE INDEX quests_of_week ON quests (brand_id, starts_at);
CREATE INDEX quests_running ON quests (brand_id, ends_at) WHERE state = 'on';

-- gamification: what a brand gives its volunteers besides thanks. receives is what somebody may receive, in the words
-- that replies say it with, by language.
CREATE TABLE reward_programmes (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	what TEXT NOT NULL,
	receives_en TEXT NOT NULL,
	receives_vi TEXT NOT NULL,
	budget BIGINT NOT NULL,
	cost BIGINT NOT NULL,
	made_by BIGINT REFERENCES members (id),
	created_at BIGINT NOT NULL,
	ended_at BIGINT
);
CREATE INDEX reward_programmes_running ON reward_programmes (brand_id, id) WHERE ended_at IS NULL;

-- gamification: every step of every request for a reward, each written once. amount is what the step takes from the
-- budget, or gives back to it.
CREATE TABLE redemptions (
	id @id,
	programme_id BIGINT NOT NULL REFERENCES reward_programmes (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	request TEXT NOT NULL,
	step TEXT NOT NULL,
	amount BIGINT NOT NULL,
	words TEXT NOT NULL,
	by_id BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL,
	UNIQUE (request, step)
);
CREATE INDEX redemptions_by_programme ON redemptions (programme_id, id);
CREATE INDEX redemptions_by_member ON redemptions (member_id, id);
