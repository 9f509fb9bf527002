package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// stage is a sandbox network from the side on which customers are played.
type stage struct{ url string }

// post is a post as the network's admin API takes it.
type post struct {
	Network   string     `json:"network"`
	ID        string     `json:"id,omitempty"`
	Author    string     `json:"author"`
	Text      string     `json:"text"`
	InReplyTo string     `json:"in_reply_to,omitempty"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
}

// say makes a post now and returns its id.
func (s stage) say(ctx context.Context, author, text, inReplyTo string) (id string, err error) {
	var made struct{ ID string }
	err = s.call(ctx, http.MethodPost, "/admin/posts", post{Network: "x", Author: author, Text: text, InReplyTo: inReplyTo}, &made)
	return made.ID, err
}

// restore makes posts that existed before.
func (s stage) restore(ctx context.Context, all []post) error {
	return s.call(ctx, http.MethodPost, "/admin/posts", all, nil)
}

func (s stage) remove(ctx context.Context, id string) error {
	return s.call(ctx, http.MethodDelete, "/admin/posts/"+id, nil, nil)
}

// account opens an account, or names one that exists, and returns its token.
func (s stage) account(ctx context.Context, network, handle, name string, brand bool) (token string, err error) {
	in := map[string]any{"network": network, "handle": handle, "name": name, "brand": brand}
	var made struct{ Token string }
	err = s.call(ctx, http.MethodPost, "/admin/accounts", in, &made)
	return made.Token, err
}

func (s stage) call(ctx context.Context, method, path string, in, out any) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("sandbox network: %s %s: %w", method, path, err)
		}
	}()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode >= 300:
		return errors.New(string(bytes.TrimSpace(answer)))
	case out == nil:
		return nil
	}
	return json.Unmarshal(answer, out)
}
