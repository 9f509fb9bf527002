package web

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// oklch is a colour as the style sheet writes it: lightness 0..1, chroma, hue in degrees.
type oklch struct{ l, c, h float64 }

// luminance is the relative luminance of WCAG, by way of OKLab and linear sRGB clipped to its gamut.
func (o oklch) luminance() float64 {
	a, b := o.c*math.Cos(o.h*math.Pi/180), o.c*math.Sin(o.h*math.Pi/180)
	cube := func(x float64) float64 { return x * x * x }
	l := cube(o.l + 0.3963377774*a + 0.2158037573*b)
	m := cube(o.l - 0.1055613458*a - 0.0638541728*b)
	s := cube(o.l - 0.0894841775*a - 1.2914855480*b)
	clip := func(x float64) float64 { return min(max(x, 0), 1) }
	red := clip(4.0767416621*l - 3.3077115913*m + 0.2309699292*s)
	green := clip(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s)
	blue := clip(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s)
	return 0.2126*red + 0.7152*green + 0.0722*blue
}

func contrast(a, b oklch) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestContrastOfBlackOnWhiteIs21(t *testing.T) {
	if got := contrast(oklch{}, oklch{l: 1}); math.Abs(got-21) > 0.01 {
		t.Errorf("black on white: got %.2f, want 21", got)
	}
}

func TestContrast(t *testing.T) {
	content, err := os.ReadFile("assets/css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	color := `oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)`
	themes := map[string]map[string]oklch{"light": {}, "dark": {}}
	for _, m := range regexp.MustCompile(`(?m)^  --([\w-]+): light-dark\(`+color+`, `+color+`\);$`).FindAllStringSubmatch(string(content), -1) {
		n := func(i int) float64 {
			f, err := strconv.ParseFloat(m[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		themes["light"][m[1]] = oklch{n(2) / 100, n(3), n(4)}
		themes["dark"][m[1]] = oklch{n(5) / 100, n(6), n(7)}
	}

	type pair struct {
		front, back string
		least       float64
	}
	var pairs []pair
	for _, back := range []string{"paper", "surface"} {
		for _, text := range []string{"ink", "ink-2", "accent", "accent-strong", "calm", "uneasy", "upset", "angry", "crisis"} {
			pairs = append(pairs, pair{text, back, 4.5})
		}
		pairs = append(pairs, pair{"control", back, 3})
	}
	pairs = append(pairs,
		pair{"on-accent", "accent", 4.5}, pair{"on-accent", "accent-strong", 4.5}, pair{"on-crisis", "crisis", 4.5}, pair{"paper", "ink", 4.5},
		pair{"ink", "sunken", 4.5}, pair{"ink-2", "sunken", 4.5},
		pair{"ink", "accent-soft", 4.5}, pair{"ink-2", "accent-soft", 4.5}, pair{"accent", "accent-soft", 4.5}, pair{"accent-strong", "accent-soft", 4.5},
		pair{"upset", "accent-soft", 4.5}, pair{"angry", "accent-soft", 4.5},
		pair{"ink", "upset-soft", 4.5}, pair{"ink-2", "upset-soft", 4.5}, pair{"upset", "upset-soft", 4.5},
		pair{"ink", "angry-soft", 4.5}, pair{"ink-2", "angry-soft", 4.5}, pair{"angry", "angry-soft", 4.5},
	)
	for theme, colors := range themes {
		for _, p := range pairs {
			t.Run(fmt.Sprintf("%s/%s on %s", theme, p.front, p.back), func(t *testing.T) {
				front, ok := colors[p.front]
				back, also := colors[p.back]
				if !ok || !also {
					t.Fatal("no such token")
				}
				if got := contrast(front, back); got < p.least {
					t.Errorf("got %.2f, want at least %.1f", got, p.least)
				}
			})
		}
	}
}
