package community

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Similar is an approved answer to a question like another one.
type Similar struct {
	Answer   Answer
	Question string  // of the customer who got the answer
	Share    float64 // of the question's words, rare ones weighing more, that it has
}

const (
	mostWords = 80  // kept of an answer and its question
	mostAsked = 24  // looked for of a question
	newest    = 200 // answers read for a word: a word that is in more of them tells little
	alike     = 0.2 // the share from which an answer is worth showing
)

// commonWords say nothing of what a text is about, folded.
var commonWords = wordSet(`a ai an and anh are at ban be bi but cac cai can chi cho co con cua da dang day de den di do duoc em for from gi
	hay how i in is it khong la lam len lai luc ma mot minh nay nao nen neu nha nhe nhi nhu nhung o oi of on or qua ra rat roi sao se shop so
	that thay the thi this thoi to toi trong tu va vay ve vi voi vua was we what when where will with xin you your`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// searchWords are the words by which a text is found, each once: folded, alone and in pairs of
// neighbours, because a Vietnamese word has two syllables as often as one. Long numbers are left out,
// they are somebody's.
func searchWords(text string, most int) []string {
	var words []string
	seen := map[string]bool{}
	add := func(word string) {
		if len(words) < most && !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	before := ""
	for word := range strings.FieldsFuncSeq(triage.Fold(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		if digits := strings.IndexFunc(word, unicode.IsDigit) >= 0; digits && len(word) > 3 || len(word) > 30 {
			before = ""
			continue
		}
		if before != "" && !(commonWords[before] && commonWords[word]) {
			add(before + " " + word)
		}
		if len(word) > 1 && !commonWords[word] {
			add(word)
		}
		before = word
	}
	return words
}

// remember makes an approved answer one that similar questions find.
func (a *Answer) remember(ctx context.Context, tx Tx) error {
	if err := forget(ctx, tx, a.ID); err != nil {
		return err
	}
	mentions, err := listeners.FindMentions(ctx, tx, []int64{a.MentionID})
	if err != nil {
		return err
	}
	words := searchWords(mentions[a.MentionID].Text+" . "+a.Text, mostWords)
	columns := []string{"brand_id bigint", "word text", "answer_id bigint"}
	return tx.InsertRows(ctx, "answer_words", columns, len(words), func(i int, into []any) {
		into[0], into[1], into[2] = a.BrandID, words[i], a.ID
	})
}

func forget(ctx context.Context, tx Tx, answerID int64) error {
	if _, err := tx.NewDelete().Table("answer_words").Where("answer_id = ?", answerID).Exec(ctx); err != nil {
		return fmt.Errorf("forget the words of answer %d: %w", answerID, err)
	}
	return nil
}

// SimilarAnswers finds approved answers of the brand to questions like this one, in the language of the
// case and from lanes that the member may see; what solved a customer's problem comes before what only
// sounds alike, and what did not help is left out.
func SimilarAnswers(ctx context.Context, db bun.IDB, m *Member, c *Case, question string, most int) ([]Similar, error) {
	shares, err := sharesOf(ctx, db, m.BrandID, searchWords(question, mostAsked))
	if err != nil || len(shares) == 0 {
		return nil, err
	}
	ids := make([]int64, 0, len(shares))
	for id := range shares {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int64) int { return compareDown(shares[a], shares[b], a, b) })
	ids = ids[:min(len(ids), 8*most)]
	var answers []Answer
	q := db.NewSelect().Model(&answers).Join("JOIN cases AS c ON c.id = answer.case_id").
		Where("answer.id IN (?) AND answer.brand_id = ? AND answer.state = ? AND answer.outcome <> ?", bun.List(ids), m.BrandID, Approved, OutcomeBroken).
		Where("answer.case_id <> ? AND c.lane IN (?)", c.ID, bun.List(m.Lanes()))
	if c.Language == "en" || c.Language == "vi" {
		q = q.Where("c.language = ?", c.Language)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read similar answers to case %d: %w", c.ID, err)
	}
	return bestOf(ctx, db, answers, shares, most)
}

// sharesOf tells of the answers that have some of the words which share of them they have. It reads a
// bounded number of rows for each word, however many there are.
func sharesOf(ctx context.Context, db bun.IDB, brandID int64, words []string) (map[int64]float64, error) {
	if len(words) == 0 {
		return nil, nil
	}
	var query strings.Builder
	var args []any
	for i, word := range words {
		if i > 0 {
			query.WriteString(" UNION ALL ")
		}
		query.WriteString(`SELECT * FROM (SELECT ? AS word, answer_id FROM answer_words WHERE brand_id = ? AND word = ? ORDER BY answer_id DESC LIMIT ?) AS w`)
		args = append(args, i, brandID, word, newest)
	}
	var found []struct {
		Word     int
		AnswerID int64
	}
	if err := db.NewRaw(query.String(), args...).Scan(ctx, &found); err != nil {
		return nil, fmt.Errorf("look for similar answers: %w", err)
	}
	counts := make([]int, len(words))
	for _, f := range found {
		counts[f.Word]++
	}
	weights, all := make([]float64, len(words)), 0.0
	for i, n := range counts {
		weights[i] = math.Log1p(newest / (1 + float64(n)))
		if n > 0 { // a word that nobody has ever used cannot be asked of an answer
			all += weights[i]
		}
	}
	shares := map[int64]float64{}
	for _, f := range found {
		shares[f.AnswerID] += weights[f.Word] / all
	}
	return shares, nil
}

// bestOf orders answers, leaves out what is hardly alike and what was said before, and reads the
// questions of those that remain.
func bestOf(ctx context.Context, db bun.IDB, answers []Answer, shares map[int64]float64, most int) ([]Similar, error) {
	helped := map[Outcome]float64{OutcomeSolved: 2, OutcomeThanks: 1.5}
	worth := func(a *Answer) float64 { return shares[a.ID] * max(1, helped[a.Outcome]) }
	slices.SortFunc(answers, func(a, b Answer) int { return compareDown(worth(&a), worth(&b), a.ID, b.ID) })
	said := map[string]bool{}
	var all []Similar
	var asked []int64
	for _, a := range answers {
		if folded := triage.Fold(a.Text); shares[a.ID] >= alike && !said[folded] && len(all) < most {
			said[folded] = true
			all = append(all, Similar{Answer: a, Share: shares[a.ID]})
			asked = append(asked, a.MentionID)
		}
	}
	questions, err := listeners.FindMentions(ctx, db, asked)
	for i := range all {
		all[i].Question = questions[all[i].Answer.MentionID].Text
	}
	return all, err
}

// compareDown puts the greater value first, and the newer of two equals.
func compareDown(a, b float64, aID, bID int64) int {
	switch {
	case a > b, a == b && aID > bID:
		return -1
	case a == b && aID == bID:
		return 0
	}
	return 1
}
