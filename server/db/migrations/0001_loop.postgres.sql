-- Nothing leaves without an approval that covers exactly its text.
CREATE FUNCTION replies_need_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (
		SELECT 1 FROM reviews r
		WHERE r.id = NEW.review_id AND r.answer_id = NEW.answer_id AND r.brand_id = NEW.brand_id
			AND r.decision = 'approved' AND r.text_hash = NEW.text_hash
	) THEN
		RAISE EXCEPTION 'a reply needs an approval of exactly its text';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER replies_need_approval BEFORE INSERT ON replies
	FOR EACH ROW EXECUTE FUNCTION replies_need_approval();

CREATE FUNCTION never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
CREATE TRIGGER replies_keep_text BEFORE UPDATE OF text, text_hash, review_id, answer_id, parent_id ON replies
	FOR EACH ROW EXECUTE FUNCTION never_changes('the text of a reply never changes');

-- The ledger and the decisions are only ever added to.
CREATE TRIGGER point_entries_append_only BEFORE UPDATE OR DELETE ON point_entries
	FOR EACH ROW EXECUTE FUNCTION never_changes('the ledger is append-only');
CREATE TRIGGER reviews_append_only BEFORE UPDATE ON reviews
	FOR EACH ROW EXECUTE FUNCTION never_changes('a review never changes');
