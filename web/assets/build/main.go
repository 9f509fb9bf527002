// Command build bundles the front-end sources of web/assets and the npm packages they name into
// web/dist, where the binary embeds them. Every file carries a hash of its content in its name, so
// that browsers may keep it for ever; manifest.json maps the plain names to these. Text files get a
// compressed twin (name + ".gz") for browsers that accept it.
//
// It runs in the folder web, by go generate or make assets.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	modules = "../node_modules"
	sources = "assets"
	dist    = "dist"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("assets: ")
	if err := build(); err != nil {
		log.Fatal(err)
	}
}

func build() error {
	if _, err := os.Stat(filepath.Join(modules, "htmx.org")); errors.Is(err, fs.ErrNotExist) {
		return errors.New("the front-end packages are missing: run npm ci first (make assets does both)")
	}
	files := map[string][]byte{}
	manifest := map[string]string{}
	if err := bundle(files, manifest); err != nil {
		return err
	}
	sprite, err := iconSprite()
	if err != nil {
		return err
	}
	add(files, manifest, "icons.svg", sprite)
	for _, name := range []string{"logo.svg", "app.webmanifest"} {
		content, err := os.ReadFile(filepath.Join(sources, name))
		if err != nil {
			return err
		}
		// The web manifest names the logo, whose name is known only now.
		content = bytes.ReplaceAll(content, []byte("logo.svg"), []byte(manifest["logo.svg"]))
		add(files, manifest, name, content)
	}
	index, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	files["manifest.json"] = append(index, '\n')
	return write(files)
}

// bundle runs esbuild over the entry points. Fonts come along because the style sheet names them.
func bundle(files map[string][]byte, manifest map[string]string) error {
	out, err := filepath.Abs(dist)
	if err != nil {
		return err
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{sources + "/js/app.js", sources + "/js/service-worker.js", sources + "/css/app.css"},
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Outdir:            out,
		EntryNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		NodePaths:         []string{modules},
		Loader:            map[string]api.Loader{".woff2": api.LoaderFile},
	})
	if len(result.Errors) > 0 {
		lines := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return errors.New(strings.Join(lines, ""))
	}
	for _, f := range result.OutputFiles {
		name := filepath.Base(f.Path)
		files[name] = f.Contents
		manifest[plainName(name)] = name
	}
	return nil
}

// plainName turns app-4XJ2.css into app.css.
func plainName(hashed string) string {
	ext := filepath.Ext(hashed)
	stem := strings.TrimSuffix(hashed, ext)
	return stem[:strings.LastIndexByte(stem, '-')] + ext
}

func add(files map[string][]byte, manifest map[string]string, name string, content []byte) {
	sum := sha256.Sum256(content)
	ext := filepath.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "-" + base32.StdEncoding.EncodeToString(sum[:5]) + ext
	files[hashed] = content
	manifest[name] = hashed
}

// iconSprite joins the icons listed in icons.txt into one SVG of symbols, each under its own name.
func iconSprite() ([]byte, error) {
	list, err := os.ReadFile(filepath.Join(sources, "icons.txt"))
	if err != nil {
		return nil, err
	}
	var sprite bytes.Buffer
	sprite.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	for name := range strings.FieldsSeq(string(list)) {
		content, err := os.ReadFile(filepath.Join(modules, "lucide-static", "icons", name+".svg"))
		if err != nil {
			return nil, fmt.Errorf("read icon %s: %w", name, err)
		}
		var icon struct {
			Shapes string `xml:",innerxml"`
		}
		if err := xml.Unmarshal(content, &icon); err != nil {
			return nil, fmt.Errorf("read icon %s: %w", name, err)
		}
		fmt.Fprintf(&sprite, `<symbol id="%s" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" `+
			`stroke-linecap="round" stroke-linejoin="round">%s</symbol>`, name, strings.Join(strings.Fields(icon.Shapes), " "))
	}
	sprite.WriteString("</svg>\n")
	return sprite.Bytes(), nil
}

// write replaces the content of dist, keeping only the marker that git knows.
func write(files map[string][]byte) error {
	old, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	for _, entry := range old {
		if entry.Name() != ".keep" {
			if err := os.RemoveAll(filepath.Join(dist, entry.Name())); err != nil {
				return err
			}
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dist, name), content, 0o644); err != nil {
			return err
		}
		if filepath.Ext(name) == ".woff2" || name == "manifest.json" {
			continue
		}
		var packed bytes.Buffer
		gz, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if _, err := gz.Write(content); err != nil {
			return err
		}
		if err := gz.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dist, name+".gz"), packed.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
