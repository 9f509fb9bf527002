package web

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"github.com/kith-social/kith/clock"
)

// Languages are those Kith speaks, the first being the one for whoever asks for none of them.
var Languages = []string{"en", "vi"}

// catalogFiles hold the texts: strings/<part of the product>.<language>.toml.
//
//go:embed strings/*.toml
var catalogFiles embed.FS

var localizers = loadCatalogs()

func loadCatalogs() map[string]*i18n.Localizer {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	byLang := map[string]*i18n.Localizer{}
	for _, lang := range Languages {
		files, _ := fs.Glob(catalogFiles, "strings/*."+lang+".toml")
		for _, file := range files {
			if _, err := bundle.LoadMessageFileFS(catalogFiles, file); err != nil {
				panic(err) // embedded and read by every test
			}
		}
		byLang[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return byLang
}

var languageMatcher = language.NewMatcher([]language.Tag{language.English, language.Vietnamese})

// Language picks one of Languages from what a member chose ("" for nothing) and the Accept-Language
// header of a browser.
func Language(chosen, accept string) string {
	for _, lang := range Languages {
		if chosen == lang {
			return lang
		}
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return Languages[0]
	}
	_, index, _ := languageMatcher.Match(tags...)
	return Languages[index]
}

// T is the text with the given id in the language of the view. Pairs fill its places ("name", "Lan");
// the pair "count" chooses the plural form, and whole numbers are written as the language does.
func T(ctx context.Context, id string, pairs ...any) string {
	return Text(view(ctx).Lang, id, pairs...)
}

// Text is T for a language named directly: mails and messages to customers.
func Text(lang, id string, pairs ...any) string {
	localizer, ok := localizers[lang]
	if !ok {
		localizer = localizers[Languages[0]]
	}
	config := i18n.LocalizeConfig{MessageID: id}
	if len(pairs) > 0 {
		data := make(map[string]any, len(pairs)/2)
		for i := 0; i+1 < len(pairs); i += 2 {
			name, value := pairs[i].(string), pairs[i+1]
			if n, ok := value.(int); ok {
				value = number(lang, n)
				if name == "count" {
					config.PluralCount = n
				}
			}
			data[name] = value
		}
		config.TemplateData = data
	}
	// An error with a text is a plural form that this language does not need.
	text, err := localizer.Localize(&config)
	if text == "" && err != nil {
		return id
	}
	return text
}

// Number writes a whole number with the separators of the view's language: 12.480 or 12,480.
func Number(ctx context.Context, n int) string { return number(view(ctx).Lang, n) }

func number(lang string, n int) string {
	separator := ","
	if lang == "vi" {
		separator = "."
	}
	digits, sign := strconv.Itoa(n), ""
	if n < 0 {
		digits, sign = digits[1:], "−"
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + separator + digits[at:]
	}
	return sign + digits
}

// Signed writes points: +12, −5, 0.
func Signed(ctx context.Context, n int) string {
	if n > 0 {
		return "+" + Number(ctx, n)
	}
	return Number(ctx, n)
}

// Ago says how long ago t was in its largest unit: 4 min, 2 hr, 3 days.
func Ago(ctx context.Context, t clock.Time) string { return span(ctx, view(ctx).Now.Sub(t)) }

func span(ctx context.Context, d time.Duration) string {
	switch {
	case d < time.Minute:
		return T(ctx, "time.now")
	case d < time.Hour:
		return T(ctx, "time.minutes", "count", int(d.Minutes()))
	case d < 24*time.Hour:
		return T(ctx, "time.hours", "count", int(d.Hours()))
	}
	return T(ctx, "time.days", "count", int(d.Hours()/24))
}

// Left writes what remains until t as 14:52 or 1:02:05, and 0:00 once it is over.
func Left(ctx context.Context, t clock.Time) string {
	seconds := max(0, int((t.Sub(view(ctx).Now)+time.Second-1)/time.Second))
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// When writes a moment in the view's time zone: the time of today, otherwise day and time.
func When(ctx context.Context, t clock.Time) string {
	v := view(ctx)
	zone := v.Zone
	if zone == nil {
		zone = time.UTC
	}
	at, now := t.Std().In(zone), v.Now.Std().In(zone)
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return at.Format(T(ctx, "time.layout"))
}

// Day writes the day of a moment in the view's time zone.
func Day(ctx context.Context, t clock.Time) string {
	zone := view(ctx).Zone
	if zone == nil {
		zone = time.UTC
	}
	return t.Std().In(zone).Format(T(ctx, "time.date"))
}

func iso(t clock.Time) string { return t.Std().Format(time.RFC3339) }

// initials are what an avatar shows of a name: the last word's first letter in Vietnamese names, which
// put the given name last, and for handles their first letter.
func initials(name string) string {
	words := strings.Fields(strings.TrimLeft(name, "@"))
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[len(words)-1])
	return strings.ToUpper(string(first[:1]))
}
