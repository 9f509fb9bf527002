package api

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

type bringIn struct {
	ForBrand
	Body struct {
		Link    string `json:"link" maxLength:"2000" doc:"To the post; no page is fetched from it"`
		Text    string `json:"text,omitempty" maxLength:"10000" doc:"What the customer wrote, where the brand has no account to read it with"`
		Author  string `json:"author,omitempty" maxLength:"100" doc:"The name above the post"`
		Another bool   `json:"another,omitempty" doc:"Another customer wrote under a link that was brought before"`
	}
}

type broughtBody struct {
	Case  *caseBody `json:"case" doc:"Null where there is none that you may see"`
	Known bool      `json:"known" doc:"It was here before"`
	Asks  bool      `json:"asks" doc:"Nothing was done: the text and its author are needed"`
}

func (a *api) bringCase(ctx context.Context, in *bringIn) (body broughtBody, err error) {
	l, err := a.Paster.Paste(ctx, access.From(ctx).Member, moderation.Pasting{
		Link: in.Body.Link, Text: in.Body.Text, Author: in.Body.Author, Another: in.Body.Another,
	})
	body.Known, body.Asks = l.Known, l.Asks
	if err != nil || l.Case.ID == 0 {
		return body, err
	}
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		c, err := a.renderOne(ctx, read, m, l.Case)
		body.Case = &c
		return err
	})
	return body, err
}
