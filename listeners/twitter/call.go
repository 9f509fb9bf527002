package twitter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// call makes a call that the library does not know. call.Body has the answer; the error is nil exactly
// for a 2xx that holds JSON.
func (c *Channel) call(ctx context.Context, call *listeners.Exchange, as authorize, method, path string, query url.Values, body any) error {
	target := c.host + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	as.Add(req)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	res.Body.Close()
	if call.Status < 200 || call.Status > 299 {
		return fmt.Errorf("the answer of X is %s", res.Status)
	}
	if !gjson.ValidBytes(call.Body) {
		return errNotJSON
	}
	return nil
}
