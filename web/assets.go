package web

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// ErrNoAssets is what a binary says that was built before its front end.
var ErrNoAssets = errors.New("this binary has no front end: run make assets, then build it again")

var manifest = sync.OnceValues(func() (map[string]string, error) {
	content, err := dist.ReadFile("dist/manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoAssets
	}
	if err != nil {
		return nil, err
	}
	var names map[string]string
	return names, json.Unmarshal(content, &names)
})

// CheckAssets tells whether the front end is built in; otherwise the error is ErrNoAssets.
func CheckAssets() error {
	_, err := manifest()
	return err
}

// asset is the address of a front-end file by its plain name, such as app.css.
func asset(name string) string {
	names, _ := manifest()
	return "/assets/" + names[name]
}

// Assets serves the front-end files under /assets/. Their names change with their content, so browsers
// keep them for ever.
func Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/assets/")
		file := "dist/" + name
		header := w.Header()
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			if _, err := fs.Stat(dist, file+".gz"); err == nil {
				file += ".gz"
				header.Set("Content-Encoding", "gzip")
			}
		}
		content, err := dist.ReadFile(file)
		if err != nil || strings.Contains(name, "/") || name == "manifest.json" || strings.HasPrefix(name, ".") {
			header.Del("Content-Encoding")
			http.NotFound(w, r)
			return
		}
		header.Set("Content-Type", contentType(name))
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		header.Set("Vary", "Accept-Encoding")
		header.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(content)
	})
}

func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		return mime.TypeByExtension(ext)
	}
}
