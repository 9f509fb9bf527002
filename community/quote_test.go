package community

import "testing"

func TestUnquote(t *testing.T) {
	post := []string{"Mình tên Hoàng Yến, số 0901234567, đặt hai ly cà phê mà chưa thấy giao!", "Alo quán ơi?", "hả"}
	for text, want := range map[string]string{
		"khách nói “đặt hai ly cà phê mà chưa thấy giao”, gọi lại nhé": "khách nói […] gọi lại nhé",
		"alo QUÁN ơi, khách gọi":    "[…] khách gọi",
		"gọi 0901234567 giúp":       "gọi […] giúp",
		"hai ly cà phê thì mười ký": "hai ly cà phê thì mười ký",
		"hả, sao vậy?":              "hả, sao vậy?",
		"":                          "",
	} {
		if got := unquote(text, post); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
