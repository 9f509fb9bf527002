package moderation

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPersonalData(t *testing.T) {
	for text, want := range map[string]string{
		"gọi mình số 0912345678 nhé":                                "phone 0912345678",
		"sdt 0912.345.678":                                          "phone 0912.345.678",
		"zalo +84 912 345 678 ạ":                                    "phone +84 912 345 678",
		"alo o912345678":                                            "phone o912345678",
		"máy bàn (024) 3825 1234":                                   "phone (024) 3825 1234",
		"máy bàn 024 3825 1234":                                     "phone 024 3825 1234",
		"call +1 (415) 555-2671 please":                             "phone +1 (415) 555-2671",
		"call 415-555-2671":                                         "phone 415-555-2671",
		"write to lan.anh@example.com.vn!":                          "email lan.anh@example.com.vn",
		"mail lananh a còng gmail chấm com":                         "email lananh a còng gmail chấm com",
		"thẻ 4111 1111 1111 1111 12/27":                             "card 4111 1111 1111 1111",
		"my card is 378282246310005":                                "card 378282246310005",
		"thẻ 9704 3600 1234 5678":                                   "card 9704 3600 1234 5678",
		"đơn 4111 1111 1111 1112 đâu":                               "",
		"CCCD của em: 079301012345":                                 "id_number 079301012345",
		"số cmnd 024 123 456":                                       "id_number 024 123 456",
		"hộ chiếu C1234567":                                         "id_number C1234567",
		"mã đơn 079301012345":                                       "",
		"ck vào stk 19031234567 Techcombank":                        "bank_account 19031234567",
		"Vietcombank 0071001234567":                                 "bank_account 0071001234567",
		"IBAN DE89 3704 0044 0532 0130 00":                          "bank_account DE89 3704 0044 0532 0130 00",
		"giao tới số 12 đường Lê Lợi, Huế nhé":                      "address số 12 đường Lê Lợi",
		"em ở 12/5 Nguyễn Trãi, phường 2, quận 5":                   "address 12/5 Nguyễn Trãi, phường 2, quận 5",
		"hẻm 51 Cao Thắng":                                          "address hẻm 51 Cao Thắng",
		"send it to 221 Baker Street please":                        "address 221 Baker Street",
		"quán mở 7h tới 22h, giá 45.000đ, 3 ly là 135.000":          "",
		"hotline 1900 1234":                                         "",
		"see https://x.example/status/4111111111111111":             "",
		"order 448213 from 20/11/2026":                              "",
		"open 7 days a week on the street":                          "",
		"mua 2 tặng 1 từ 12/11 tới 20/11":                           "",
		"0912345678 hoặc lan@example.com":                           "phone 0912345678|email lan@example.com",
		"ｓố ０９１２３４５６７８":                                             "phone ０９１２３４５６７８",
		"s\u1ed1 09\u200b12345678 ":                                 "phone 09\u200b12345678",
		strings.ReplaceAll("căn cước 001099012345", "ă", "a\u0306"): "id_number 001099012345",
	} {
		var got []string
		runes := []rune(text)
		for _, p := range PersonalData(text) {
			got = append(got, string(p.Kind)+" "+string(runes[p.Start:p.End]))
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q holds %q, want %q", text, s, want)
		}
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"gọi mình 0912345678 nhé":     "gọi mình ••••••••78 nhé",
		"thẻ 4111 1111 1111 1111":     "thẻ •••• •••• •••• ••11",
		"mail lan@example.com nha":    "mail ••••••••••••••• nha",
		"quán mở 7h":                  "quán mở 7h",
		"ở số 12 đường Lê Lợi, Huế ạ": "ở •• •• ••••• •• •••, Huế ạ",
	} {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}

// What is masked holds no personal data any more, keeps its length, and any text may come.
func TestMaskProperties(t *testing.T) {
	part := rapid.OneOf(rapid.String(), rapid.StringMatching(`0[35789][0-9]{8}`), rapid.StringMatching(`\+84 ?[0-9]{3}[. ][0-9]{3}[. ][0-9]{3}`),
		rapid.StringMatching(`[a-z]{3,8}@[a-z]{3,8}\.(com|vn)`), rapid.SampledFrom([]string{"stk ", "cccd ", "số nhà ", " đường Lê Lợi, ", "4111 1111 1111 1111"}))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(strings.Join(rapid.SliceOf(part).Draw(t, "parts"), " "), "")
		masked := Mask(text)
		if a, b := utf8.RuneCountInString(text), utf8.RuneCountInString(masked); a != b {
			t.Fatalf("%q has %d runes, masked %q %d", text, a, masked, b)
		}
		for _, p := range PersonalData(text) {
			if p.Start < 0 || p.End <= p.Start || p.End > utf8.RuneCountInString(text) {
				t.Fatalf("%q: stretch %+v", text, p)
			}
		}
	})
}
