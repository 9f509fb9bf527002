-- The standing of a season and the steps of rewards are only ever added to.
CREATE TRIGGER season_places_append_only BEFORE UPDATE OR DELETE ON season_places
	FOR EACH ROW EXECUTE FUNCTION never_changes('the standing of a season never changes');
CREATE TRIGGER redemptions_append_only BEFORE UPDATE OR DELETE ON redemptions
	FOR EACH ROW EXECUTE FUNCTION never_changes('the steps of rewards are append-only');
