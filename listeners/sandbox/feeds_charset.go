package sandbox

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// toneMarks are the marks that the old Vietnamese code page writes behind a letter.
const toneMarks = "\u0300\u0301\u0303\u0309\u0323"

// toWindows1258 writes a document in the code page that Vietnamese websites used before Unicode: the
// letter with its hat or horn, then the tone. What it has no sign for becomes a numbered reference.
func toWindows1258(doc []byte) []byte {
	var out bytes.Buffer
	for _, r := range norm.NFC.String(string(doc)) {
		for _, part := range toneApart(r) {
			if b, ok := charmap.Windows1258.EncodeRune(part); ok {
				out.WriteByte(b)
			} else {
				out.WriteString("&#" + strconv.Itoa(int(part)) + ";")
			}
		}
	}
	return out.Bytes()
}

func toneApart(r rune) []rune {
	if _, ok := charmap.Windows1258.EncodeRune(r); ok {
		return []rune{r}
	}
	var tone []rune
	letter := strings.Map(func(part rune) rune {
		if strings.ContainsRune(toneMarks, part) {
			tone = append(tone, part)
			return -1
		}
		return part
	}, norm.NFD.String(string(r)))
	return append([]rune(norm.NFC.String(letter)), tone...)
}
