package community

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/uptrace/bun"
)

// Pair is a question with the answer that a brand gives to it.
type Pair struct {
	Question string
	Answer   string
}

var (
	asksLine    = regexp.MustCompile(`(?i)^\s*(?:#+\s*|\d+[.)]\s+|[-*•]\s+)?(?:q|question|h|hỏi|câu hỏi)\s*\d*\s*[:.)]\s*(.+)$`)
	answersLine = regexp.MustCompile(`(?i)^\s*(?:[-*•]\s+)?(?:a|answer|đ|đáp|trả lời|tl)\s*\d*\s*[:.)]\s*(.+)$`)
	listMark    = regexp.MustCompile(`^\s*(?:#+\s*|\d+[.)]\s+|[-*•]\s+|\*\*)`)
)

// ParseFAQ finds the questions and answers in a text that was pasted: lines marked as such ("Q:",
// "Hỏi:"), or a line that ends with a question mark and the lines below it.
func ParseFAQ(text string) []Pair {
	var pairs []Pair
	var asked string
	var said []string
	flush := func() {
		if answer := strings.TrimSpace(strings.Join(said, " ")); asked != "" && answer != "" {
			pairs = append(pairs, Pair{asked, answer})
		}
		asked, said = "", nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if m := asksLine.FindStringSubmatch(line); m != nil {
			flush()
			asked = strings.TrimSpace(m[1])
		} else if m := answersLine.FindStringSubmatch(line); m != nil && asked != "" {
			said = append(said, strings.TrimSpace(m[1]))
		} else if bare := strings.Trim(listMark.ReplaceAllString(line, ""), "* "); strings.HasSuffix(bare, "?") && (asked == "" || len(said) > 0) {
			flush()
			asked = bare
		} else if asked != "" {
			said = append(said, line)
		}
	}
	flush()
	return pairs
}

// wrongChoices is how many answers to other questions stand beside the right one.
const wrongChoices = 2

// CasesOf makes practice cases of pairs: beside the right answer stand answers to other questions.
func CasesOf(pairs []Pair) []NewCase {
	cases := make([]NewCase, len(pairs))
	for i, p := range pairs {
		c := NewCase{Question: p.Question, Choices: []string{p.Answer}, Why: p.Answer}
		others := shuffled(pairs, p.Question, func(o Pair) string { return o.Question + o.Answer })
		for _, o := range others {
			if o.Answer != p.Answer && len(c.Choices) <= wrongChoices {
				c.Choices = append(c.Choices, o.Answer)
			}
		}
		cases[i] = c
	}
	return cases
}

// AddFAQ stores practice cases made of a pasted text.
func AddFAQ(ctx context.Context, tx Tx, by *Member, topicID int64, language, text string) error {
	return AddCases(ctx, tx, by, topicID, language, fromFAQ, CasesOf(ParseFAQ(text)))
}

// SolvedCase is a customer's question with the approved answer that solved it.
type SolvedCase struct {
	AnswerID int64
	Pair
	Language string
}

// atHandle finds names on networks, which a practice case does not carry on.
var atHandle = regexp.MustCompile(`@[\p{L}\p{N}_.]+`)

func withoutNames(text string) string { return strings.TrimSpace(atHandle.ReplaceAllString(text, "")) }

// SolvedCases reads a topic's latest cases that an answer solved, names of people left out.
func SolvedCases(ctx context.Context, db bun.IDB, by *Member, topicID int64, most int) ([]SolvedCase, error) {
	return solvedCases(ctx, by, db.NewSelect().Where("c.topic_id = ?", topicID).Limit(int64(most)))
}

func solvedCases(ctx context.Context, by *Member, q *bun.SelectQuery) ([]SolvedCase, error) {
	var rows []struct {
		ID                     int64
		Asked, Text, Languages string
	}
	err := q.TableExpr("answers AS a").ColumnExpr("a.id, m.text AS asked, a.text, c.language AS languages").
		Join("JOIN cases AS c ON c.id = a.case_id").Join("JOIN mentions AS m ON m.id = a.mention_id").
		Where("a.brand_id = ? AND a.state = 'approved' AND a.outcome = 'solved'", by.BrandID).
		OrderExpr("a.id DESC").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read solved cases of brand %d: %w", by.BrandID, err)
	}
	all := make([]SolvedCase, len(rows))
	for i, r := range rows {
		all[i] = SolvedCase{r.ID, Pair{withoutNames(r.Asked), withoutNames(r.Text)}, r.Languages}
	}
	return all, nil
}

// AddSolved stores practice cases made of solved ones, by the ids of their answers.
func AddSolved(ctx context.Context, tx Tx, by *Member, topicID int64, language string, answerIDs []int64) error {
	if len(answerIDs) == 0 {
		return &Invalid{"solved", "choose at least one case"}
	}
	solved, err := solvedCases(ctx, by, tx.NewSelect().Where("c.topic_id = ? AND a.id IN (?)", topicID, bun.List(answerIDs)))
	if err != nil {
		return err
	}
	pairs := make([]Pair, len(solved))
	for i, s := range solved {
		pairs[i] = s.Pair
	}
	return AddCases(ctx, tx, by, topicID, language, fromSolvedCase, CasesOf(pairs))
}
