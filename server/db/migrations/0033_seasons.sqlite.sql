-- The standing of a season and the steps of rewards are only ever added to.
CREATE TRIGGER season_places_no_update BEFORE UPDATE ON season_places
BEGIN
	SELECT RAISE(ABORT, 'the standing of a season never changes');
END;
CREATE TRIGGER season_places_no_delete BEFORE DELETE ON season_places
BEGIN
	SELECT RAISE(ABORT, 'the standing of a season never changes');
END;
CREATE TRIGGER redemptions_no_update BEFORE UPDATE ON redemptions
BEGIN
	SELECT RAISE(ABORT, 'the steps of rewards are append-only');
END;
CREATE TRIGGER redemptions_no_delete BEFORE DELETE ON redemptions
BEGIN
	SELECT RAISE(ABORT, 'the steps of rewards are append-only');
END;
