-- Nothing leaves without an approval that covers exactly its text.
CREATE TRIGGER replies_need_approval BEFORE INSERT ON replies
WHEN NOT EXISTS (
	SELECT 1 FROM reviews r
	WHERE r.id = NEW.review_id AND r.answer_id = NEW.answer_id AND r.brand_id = NEW.brand_id
		AND r.decision = 'approved' AND r.text_hash = NEW.text_hash
)
BEGIN
	SELECT RAISE(ABORT, 'a reply needs an approval of exactly its text');
END;
CREATE TRIGGER replies_keep_text BEFORE UPDATE OF text, text_hash, review_id, answer_id, parent_id ON replies
BEGIN
	SELECT RAISE(ABORT, 'the text of a reply never changes');
END;

-- The ledger and the decisions are only ever added to.
CREATE TRIGGER point_entries_no_update BEFORE UPDATE ON point_entries
BEGIN
	SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER point_entries_no_delete BEFORE DELETE ON point_entries
BEGIN
	SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER reviews_no_update BEFORE UPDATE ON reviews
BEGIN
	SELECT RAISE(ABORT, 'a review never changes');
END;
