package web

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"testing"
)

func TestAssets(t *testing.T) {
	if err := CheckAssets(); err != nil {
		t.Skip("needs make assets: ", err)
	}
	server := httptest.NewServer(Assets())
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		path   string
		status int
		media  string
	}{
		"style sheet":             {asset("app.css"), 200, "text/css; charset=utf-8"},
		"scripts":                 {asset("app.js"), 200, "text/javascript; charset=utf-8"},
		"icons":                   {asset("icons.svg"), 200, "image/svg+xml"},
		"a font":                  {asset("be-vietnam-pro-vietnamese-400-normal.woff2"), 200, "font/woff2"},
		"web manifest":            {asset("app.webmanifest"), 200, "application/manifest+json"},
		"what does not exist":     {"/assets/none.css", 404, ""},
		"the list of names":       {"/assets/manifest.json", 404, ""},
		"the marker":              {"/assets/.keep", 404, ""},
		"a way out of the folder": {"/assets/..%2fweb.go", 404, ""},
		"the folder":              {"/assets/", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := http.Get(server.URL + c.path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != c.status {
				t.Fatalf("status: got %d, want %d", res.StatusCode, c.status)
			}
			if c.status == 200 && res.Header.Get("Content-Type") != c.media {
				t.Errorf("type: got %s, want %s", res.Header.Get("Content-Type"), c.media)
			}
		})
	}
}

// TestWeight keeps the budget: what a browser downloads of scripts, style and fonts.
func TestWeight(t *testing.T) {
	if err := CheckAssets(); err != nil {
		t.Skip("needs make assets: ", err)
	}
	for name, most := range map[string]int64{"app.js": 40 << 10, "app.css": 20 << 10, "icons.svg": 8 << 10} {
		file, err := dist.Open("dist/" + strings.TrimPrefix(asset(name), "/assets/") + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > most {
			t.Errorf("%s: %d bytes compressed, at most %d", name, info.Size(), most)
		}
		t.Logf("%s: %d bytes compressed", name, info.Size())
		plain, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, plain); err != nil {
			t.Errorf("%s: broken twin: %v", name, err)
		}
	}
	fonts, err := fs.Glob(dist, "dist/*.woff2")
	if err != nil || len(fonts) != 6 {
		t.Errorf("fonts: got %d, want 3 weights in 2 subsets (%v)", len(fonts), err)
	}
}

// TestNoInlineStyleOrScript reads the templates: the Content-Security-Policy would break such markup.
func TestNoInlineStyleOrScript(t *testing.T) {
	files, err := fs.Glob(os.DirFS("."), "*.templ")
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates (%v)", err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, forbidden := range []string{" style=", " onclick=", " onsubmit=", "hx-on", "javascript:", "<style", "hx-vals=\"js", "@templ.Raw", " hx-get=", " hx-post="} {
			if strings.Contains(string(content), forbidden) {
				t.Errorf("%s contains %q", path.Base(name), forbidden)
			}
		}
	}
}

func TestProtect(t *testing.T) {
	var nonces []string
	handler := Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { nonces = append(nonces, view(r.Context()).Nonce) }))
	for range 2 {
		res := httptest.NewRecorder()
		handler.ServeHTTP(res, httptest.NewRequest("GET", "/", nil))
		policy := res.Header().Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self' 'nonce-" + nonces[len(nonces)-1] + "'", "style-src 'self'", "frame-ancestors 'none'",
			"base-uri 'none'", "form-action 'self'",
		} {
			if !strings.Contains(policy+";", want+";") {
				t.Errorf("policy lacks %s: %s", want, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("policy: %s", policy)
		}
	}
	if nonces[0] == nonces[1] || len(nonces[0]) < 20 {
		t.Errorf("nonces %q are not fresh", nonces)
	}
}
