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
	if err := c.readError(doing, call, err); err != nil {
		return gjson.Result{}, err
	}
	v, err := listeners.ReadJSON(call.Body)
	if err != nil {
		return v, c.malformed(doing, err)
	}
	return v, nil
}

// put makes one attempt to change something on the forum. The answer of a success may be empty.
func (c *Channel) put(ctx context.Context, doing, method, path string, in any, as string) (*listeners.Exchange, gjson.Result, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, gjson.Result{}, err
	}
	call, err := c.call(ctx, method, path, body, as)
	if err := c.writeError(doing, call, err); err != nil {
		return call, gjson.Result{}, err
	}
	v, err := listeners.ReadJSON(call.Body)
	if err != nil {
		return call, gjson.Result{}, nil // what it answers does not matter to everybody
	}
	return call, v, nil
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
