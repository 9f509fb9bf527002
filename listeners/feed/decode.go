package feed

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	jsonfeed "github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"
	"github.com/tidwall/gjson"
	"golang.org/x/net/html/charset"
)

var errNoFeed = errors.New("this is no RSS, Atom or JSON feed")

// document is a feed as it was read.
type document struct {
	title    string
	link     string
	ttl      time.Duration // how long the publisher wants it to be kept; 0: not said
	items    []item
	rejected []listeners.Rejected
}

// item is an entry of a feed, and whether its words are HTML.
type item struct {
	*gofeed.Item
	text bool
}

const (
	maxItems = 2000
	maxHead  = 64 << 10 // bytes before the first item that are read with every item of a broken feed
	maxRaw   = 64 << 10 // bytes kept of a broken item
	maxDepth = 100      // of elements: a feed nests to about 10, and every level costs stack
)

// decode reads a feed. Where it is not well formed its items are read one by one, and those that cannot
// be read are rejected.
func decode(call *listeners.Exchange) (*document, error) {
	body := toUTF8(call)
	doc, err := parse(body)
	if errors.Is(err, gofeed.ErrFeedTypeNotDetected) {
		return nil, errNoFeed
	}
	if err != nil {
		if doc = salvage(body); doc == nil {
			return nil, err
		}
	}
	if len(doc.items) > maxItems {
		doc.items = doc.items[:maxItems]
	}
	return doc, nil
}

// toUTF8 gives the body in UTF-8 where only the header tells how it is written. What the document says
// of itself counts more, and is read with it.
func toUTF8(call *listeners.Exchange) []byte {
	_, params, err := mime.ParseMediaType(call.Header.Get("Content-Type"))
	label := params["charset"]
	start := call.Body[:min(len(call.Body), 200)]
	if err != nil || label == "" || strings.EqualFold(label, "utf-8") || !bytes.Contains(start, []byte("<")) || bytes.Contains(start, []byte("encoding=")) {
		return call.Body
	}
	encoding, _ := charset.Lookup(label)
	if encoding == nil {
		return call.Body
	}
	decoded, err := encoding.NewDecoder().Bytes(call.Body)
	if err != nil {
		return call.Body
	}
	return decoded
}

var (
	openTag  = regexp.MustCompile(`<[A-Za-z]`)
	closeTag = regexp.MustCompile(`</|/>`)
)

// tooDeep tells whether more elements are open at once than a feed can mean. Elements that
// are never closed, as in HTML, count too.
func tooDeep(body []byte) bool {
	depth := 0
	for i := bytes.IndexByte(body, '<'); i >= 0 && i < len(body); {
		rest := body[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			end := bytes.Index(rest, []byte("]]>"))
			if end < 0 {
				return false
			}
			i += end
		case closeTag.Match(rest[:min(2, len(rest))]):
			depth--
		case openTag.Match(rest[:min(2, len(rest))]):
			end := bytes.IndexByte(rest, '>')
			if end < 0 {
				return false
			}
			if rest[end-1] != '/' {
				if depth++; depth > maxDepth {
					return true
				}
			}
		}
		next := bytes.IndexByte(body[i+1:], '<')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

func isJSON(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, "\xEF\xBB\xBF \t\r\n"), []byte("{"))
}

// parse reads a feed that is well formed.
func parse(body []byte) (doc *document, err error) {
	defer func() {
		if broken := recover(); broken != nil { // a parser of the wild must not take the others down
			doc, err = nil, fmt.Errorf("the feed cannot be read: %v", broken)
		}
	}()
	if isJSON(body) {
		_, err = listeners.ReadJSON(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")))
	} else if tooDeep(body) {
		err = listeners.ErrTooDeep
	}
	if err != nil {
		return nil, err
	}
	p := gofeed.NewParser()
	p.KeepOriginalFeed = true
	f, err := p.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	doc = &document{title: title(f.Title), link: f.Link}
	for i, it := range f.Items {
		if it == nil {
			continue
		}
		entry := item{Item: it}
		switch from := f.OriginalFeed().(type) {
		case *atom.Feed:
			if c := from.Entries[i].Content; c != nil && (c.Type == "" || c.Type == "text" || c.Type == "text/plain") {
				entry.text = true
			}
		case *jsonfeed.Feed:
			entry.text = from.Items[i].ContentHTML == ""
		}
		doc.items = append(doc.items, entry)
	}
	if from, ok := f.OriginalFeed().(*rss.Feed); ok {
		if minutes, err := strconv.Atoi(strings.TrimSpace(from.TTL)); err == nil && minutes > 0 && minutes < 1<<20 {
			doc.ttl = time.Duration(minutes) * time.Minute
		}
	}
	return doc, nil
}

// title is a title as one line; publishers write HTML in it, though they should not.
func title(s string) string {
	text, _ := listeners.Plain(s)
	return listeners.CleanLine(text)
}

var (
	xmlItem = regexp.MustCompile(`(?i)<(?:[a-z]+:)?(item|entry)[\s>]`)
	xmlEnds = map[string][]string{"item": {"</channel></rss>", "</rdf:RDF>"}, "entry": {"</feed>"}}
)

// salvage reads the items of a broken feed one by one; nil where there are none.
func salvage(body []byte) *document {
	doc := &document{}
	add := func(raw []byte, whole *document, err error) {
		if err == nil && len(whole.items) > 0 {
			doc.title, doc.link = whole.title, whole.link
			doc.items = append(doc.items, whole.items[0])
			return
		}
		if err == nil {
			err = errNoFeed
		}
		doc.rejected = append(doc.rejected, listeners.Rejected{Raw: raw[:min(len(raw), maxRaw)], Reason: "the item cannot be read: " + err.Error()})
	}
	if isJSON(body) {
		root, err := listeners.ReadJSON(body)
		if err != nil {
			return nil
		}
		root.Get("items").ForEach(func(_, v gjson.Result) bool {
			one, err := parse([]byte(`{"version":"https://jsonfeed.org/version/1.1","items":[` + v.Raw + `]}`))
			add([]byte(v.Raw), one, err)
			return len(doc.items)+len(doc.rejected) < maxItems
		})
		doc.title = title(root.Get("title").Str)
	} else {
		starts := xmlItem.FindAllSubmatchIndex(body, maxItems)
		for i, at := range starts {
			raw, kind := body[at[0]:], strings.ToLower(string(body[at[2]:at[3]]))
			if i+1 < len(starts) {
				raw = body[at[0]:starts[i+1][0]]
			}
			if closing := []byte("</" + string(body[at[0]+1:at[3]]) + ">"); bytes.Contains(raw, closing) {
				raw = raw[:bytes.Index(raw, closing)+len(closing)]
			}
			one, err := alone(body[:starts[0][0]], raw, kind)
			add(raw, one, err)
		}
	}
	if len(doc.items) == 0 {
		return nil
	}
	return doc
}

// alone reads one item below the head of its feed.
func alone(head, raw []byte, kind string) (doc *document, err error) {
	if len(head) > maxHead {
		return nil, errNoFeed
	}
	for _, end := range xmlEnds[kind] {
		if doc, err = parse(bytes.Join([][]byte{head, raw, []byte(end)}, nil)); err == nil {
			return doc, nil
		}
	}
	return nil, err
}
