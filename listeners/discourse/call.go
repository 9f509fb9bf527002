package discourse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/kith-social/kith/listeners"
)

// get reads a route of the forum as a user of it, the brand's for as "".
func (c *Channel) get(ctx context.Context, doing, path string, query url.Values, as string) (gjson.Result, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	call, err := c.call(ctx, http.MethodGet, path, nil, as)
	if err := blameMember(c.readError(doing, call, err), as); err != nil {
		return gjson.Result{}, err
	}
	v, err := listeners.ReadJSON(call.Body)
	if err != nil {
		return v, c.malformed(doing, err)
	}
	return v, nil
}

// put makes one attempt to change something on the forum. What cannot be read of the answer to a success is
// nothing.
func (c *Channel) put(ctx context.Context, doing, method, path string, in any, as string) (*listeners.Exchange, gjson.Result, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, gjson.Result{}, err
	}
	call, err := c.call(ctx, method, path, body, as)
	if err := blameMember(c.writeError(doing, call, err), as); err != nil {
		return call, gjson.Result{}, err
	}
	v, err := listeners.ReadJSON(call.Body)
	if err != nil {
		return call, gjson.Result{}, nil
	}
	return call, v, nil
}

// blameMember makes a refused key a refused member where the call was made under a member's name: the
// forum says the same of both, and a name that is wrong must not end the connection.
func blameMember(err error, as string) error {
	if e, ok := errors.AsType[*listeners.Error](err); ok && as != "" && e.Class == listeners.AuthRevoked {
		e.Class = listeners.Forbidden
	}
	return err
}

func (c *Channel) call(ctx context.Context, method, path string, body []byte, as string) (*listeners.Exchange, error) {
	ctx, call := listeners.Record(ctx, nil)
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, in)
	if err != nil {
		return call, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.sign(req, as)
	res, err := c.client.Do(req)
	if err != nil {
		return call, fmt.Errorf("call the forum: %w", bare(err))
	}
	return call, res.Body.Close()
}

// bare is the cause of a failed call without its address, which may hold what somebody searches for.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
