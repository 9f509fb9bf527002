-- No reply is given other words without an approval of exactly these.
CREATE FUNCTION changes_need_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.kind = 'edit' AND NOT EXISTS (
		SELECT 1 FROM reviews r
		WHERE r.id = NEW.review_id AND r.answer_id = NEW.answer_id AND r.brand_id = NEW.brand_id
			AND r.decision = 'approved' AND r.text_hash = NEW.text_hash
	) THEN
		RAISE EXCEPTION 'a correction needs an approval of exactly its text';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER changes_need_approval BEFORE INSERT ON changes
	FOR EACH ROW EXECUTE FUNCTION changes_need_approval();
CREATE TRIGGER changes_keep_text BEFORE UPDATE OF kind, text, text_hash, review_id, answer_id, native_id ON changes
	FOR EACH ROW EXECUTE FUNCTION never_changes('what a change is to do never changes');
