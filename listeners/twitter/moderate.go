package twitter

import (
	"context"
	"errors"
	"fmt"

	"github.com/kith-social/kith/listeners"
)

// errNoEdit is why Edit never works: replies are all that this Channel posts.
var errNoEdit = errors.New("an answer to somebody else cannot be edited on X")

// Edit is refused: of an account's posts X lets only those be edited that answer nobody else.
func (c *Channel) Edit(_ context.Context, _, _ string) error {
	return &listeners.Error{Class: listeners.Forbidden, Err: errNoEdit}
}

// Delete takes an own post away.
func (c *Channel) Delete(ctx context.Context, nativeID string) error {
	const doing = "delete a post"
	if !isID(nativeID) {
		return &listeners.Error{Class: listeners.Invalid, Err: fmt.Errorf("%s: %q is not the id of a post on X", doing, nativeID)}
	}
	ctx, call := listeners.Record(ctx, nil)
	if _, err := c.client.DeleteTweet(ctx, nativeID); err != nil {
		return c.writeError(doing, call, err)
	}
	return nil
}

// Hide hides an answer in a conversation that the account began. X shows it, as a hidden one, to whoever
// asks for it, so no look at it tells that it is hidden.
func (c *Channel) Hide(ctx context.Context, nativeID string, hidden bool) error {
	const doing = "hide a post"
	if !isID(nativeID) {
		return &listeners.Error{Class: listeners.Invalid, Err: fmt.Errorf("%s: %q is not the id of a post on X", doing, nativeID)}
	}
	ctx, call := listeners.Record(ctx, nil)
	if _, err := c.client.TweetHideReplies(ctx, nativeID, hidden); err != nil {
		return c.writeError(doing, call, err)
	}
	return nil
}
