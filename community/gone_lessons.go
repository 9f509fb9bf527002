package community

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// forgetLessons takes texts that are gone out of what people and the product learn from: practice cases that
// were made of solved ones, tests that asked them, and examples of topics.
func forgetLessons(ctx context.Context, tx Tx, brandID int64, texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	if err := forgetExamples(ctx, tx, brandID, texts); err != nil {
		return err
	}
	asked := make([]string, 0, len(texts))
	for _, text := range texts {
		if text = withoutNames(text); text != "" {
			asked = append(asked, text)
		}
	}
	var gone []ownCase
	_, err := tx.NewDelete().Model(&gone).ModelTableExpr("practice_cases").Where("brand_id = ? AND source = ? AND question IN (?)", brandID, fromSolvedCase, bun.List(asked)).Returning("*").Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget practice cases: %w", err)
	}
	for _, p := range gone {
		var tests []Test
		if err := tx.NewSelect().Model(&tests).Where("test.brand_id = ? AND test.topic_id = ? AND test.cases LIKE ?", brandID, p.TopicID, "%"+p.asked().Key+"%").Scan(ctx); err != nil {
			return fmt.Errorf("find the tests with practice case %d: %w", p.ID, err)
		}
		for _, t := range tests {
			for i := range t.Cases {
				if t.Cases[i].Key == p.asked().Key {
					t.Cases[i].Thread, t.Cases[i].Question = "", leftOut
				}
			}
			if _, err := tx.NewUpdate().Model(&t).Column("cases").WherePK().Exec(ctx); err != nil {
				return fmt.Errorf("take practice case %d out of test %d: %w", p.ID, t.ID, err)
			}
		}
	}
	return nil
}

// forgetExamples takes examples of a brand's topics away that repeat texts that are gone.
func forgetExamples(ctx context.Context, tx Tx, brandID int64, texts []string) error {
	topics, err := EveryTopic(ctx, tx, brandID)
	if err != nil {
		return err
	}
	for _, t := range topics {
		had := len(t.Examples)
		t.Examples = slices.DeleteFunc(t.Examples, func(example string) bool { return unquote(example, texts) != example })
		if len(t.Examples) == had {
			continue
		}
		if _, err := tx.NewUpdate().Model(&t).Column("examples").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("forget examples of topic %d: %w", t.ID, err)
		}
	}
	return nil
}
