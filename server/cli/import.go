package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

type importCmd struct {
	server.Config
	Brand      string `required:"" help:"Short name of the brand."`
	Connection string `required:"" help:"Handle or id of the connection that the mentions belong to."`
	File       string `arg:"" help:"CSV with a header, or one JSON object a line (.jsonl)." type:"existingfile"`
	Text       string `help:"Column of the text." default:"text"`
	ID         string `name:"id" help:"Column of the network's id." default:"id"`
	Author     string `help:"Column of the author." default:"author"`
	CreatedAt  string `help:"Column of the time, RFC 3339 or as X wrote it." default:"created_at"`
	InReplyTo  string `help:"Column of the post answered." default:"in_reply_to"`
}

// importPage is how many mentions are stored together.
const importPage = 100

func (c *importCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		conn, own, err := c.connection(ctx, app)
		if err != nil {
			return err
		}
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		records, err := c.read(f)
		if err != nil {
			return err
		}
		posts, skipped := c.posts(records, own, app.Now())
		bar := progressbar.NewOptions(len(posts), progressbar.OptionSetWriter(streams.Err), progressbar.OptionSetDescription("mentions"),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
		for page := range slices.Chunk(posts, importPage) {
			if err := app.Write(ctx, app.Intake.Sink(conn, page)); err != nil {
				return err
			}
			_ = bar.Add(len(page))
		}
		_ = bar.Finish()
		fmt.Fprintf(streams.Err, "%d posts read, %d without a text left out; posts that were known already are kept once\n", len(posts), skipped)
		return nil
	})
}

// connection finds the connection, and the brand's accounts on its network: ids by handle in lower case.
func (c *importCmd) connection(ctx context.Context, app *server.App) (found listeners.Connection, own map[string]string, err error) {
	brand, err := community.FindBrand(ctx, app.DB.Read(), c.Brand)
	if err != nil {
		return found, nil, err
	}
	all, err := listeners.Connections(ctx, app.DB.Read(), brand.ID)
	if err != nil {
		return found, nil, err
	}
	if found, err = pick(all, c.Connection); err != nil {
		return found, nil, err
	}
	own = map[string]string{}
	for _, conn := range all {
		if conn.Network == found.Network {
			own[strings.ToLower(conn.Handle)] = conn.NativeID
		}
	}
	return found, own, nil
}

// read gives the file's records by column name.
func (c *importCmd) read(f io.Reader) ([]map[string]string, error) {
	if strings.HasSuffix(c.File, ".jsonl") {
		return readJSONLines(f)
	}
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: %s has no header: %w", errUsage, c.File, err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	if !slices.Contains(header, c.Text) {
		return nil, fmt.Errorf("%w: %s has no column %q; name the column of the text with --text", errUsage, c.File, c.Text)
	}
	var all []map[string]string
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", c.File, err)
		}
		record := map[string]string{}
		for i, name := range header[:min(len(header), len(row))] {
			record[name] = storable(row[i])
		}
		all = append(all, record)
	}
}

func readJSONLines(f io.Reader) ([]map[string]string, error) {
	in := bufio.NewScanner(f)
	in.Buffer(nil, 4<<20)
	var all []map[string]string
	for n := 1; in.Scan(); n++ {
		if len(in.Bytes()) == 0 {
			continue
		}
		var values map[string]any
		numbers := json.NewDecoder(bytes.NewReader(in.Bytes()))
		numbers.UseNumber() // ids have more digits than a float
		if err := numbers.Decode(&values); err != nil {
			return nil, fmt.Errorf("%w: line %d is not a JSON object: %w", errUsage, n, err)
		}
		record := make(map[string]string, len(values))
		for name, v := range values {
			if v != nil {
				record[name] = storable(fmt.Sprint(v))
			}
		}
		all = append(all, record)
	}
	return all, in.Err()
}

// storable is a value as both databases take it.
func storable(value string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", ""), "\ufffd")
}

// posts makes posts of records. What has no id gets one from its content, so that reading the same
// file again stores nothing twice.
func (c *importCmd) posts(records []map[string]string, own map[string]string, now clock.Time) (posts []listeners.Post, skipped int) {
	parent, author := make(map[string]string, len(records)), make(map[string]string, len(records))
	native := func(handle string) string {
		handle = strings.TrimPrefix(handle, "@")
		return cmp.Or(own[strings.ToLower(handle)], handle)
	}
	for _, r := range records {
		if id := r[c.ID]; id != "" {
			parent[id], author[id] = r[c.InReplyTo], native(r[c.Author])
		}
	}
	root := func(id string) string {
		for seen := 0; seen < len(records); seen++ {
			up, known := parent[id]
			if !known || up == "" || up == id {
				break
			}
			id = up
		}
		return id
	}
	for _, r := range records {
		text := r[c.Text]
		if strings.TrimSpace(text) == "" {
			skipped++
			continue
		}
		id := r[c.ID]
		if id == "" {
			sum := sha256.Sum256([]byte(r[c.Author] + "\x00" + r[c.CreatedAt] + "\x00" + text))
			id = "import-" + hex.EncodeToString(sum[:12])
		}
		handle := strings.TrimPrefix(r[c.Author], "@")
		by := listeners.Author{NativeID: native(handle), Handle: handle, Name: handle}
		if handle == "" {
			by = listeners.Author{NativeID: "unknown-" + id, Handle: "?", Name: "?"}
		}
		posts = append(posts, listeners.Post{
			NativeID: id, ThreadKey: root(id), ParentID: r[c.InReplyTo], ToID: author[r[c.InReplyTo]], Author: by,
			Reason: listeners.Mentioned, Text: text, CreatedAt: parseTime(r[c.CreatedAt], now),
			Delivery: listeners.Delivery{Mode: listeners.Assisted, Why: "imported"},
		})
	}
	return posts, skipped
}

func parseTime(text string, now clock.Time) clock.Time {
	for _, form := range []string{time.RFC3339Nano, time.DateTime, time.RubyDate, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return clock.At(t)
		}
	}
	return now
}
