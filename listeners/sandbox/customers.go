package sandbox

import "strings"

// customer is a person that the page offers to play.
type customer struct{ Handle, Name string }

// customers are made when they first write something.
var customers = []customer{
	{"an_nguyen", "Nguyễn Hoài An"},
	{"binhtran88", "Trần Thanh Bình"},
	{"chi_le", "Lê Mai Chi"},
	{"dung_phams", "Phạm Tiến Dũng"},
	{"giang_hn", "Vũ Hương Giang"},
	{"hieu_do", "Đỗ Minh Hiếu"},
	{"khanh_sg", "Bùi Quốc Khánh"},
	{"emma_woods", "Emma Woods"},
	{"liam_carter", "Liam Carter"},
	{"sofia_reyes", "Sofía Reyes"},
}

// nameOf is the display name of a new account.
func nameOf(handle string) string {
	for _, c := range customers {
		if strings.EqualFold(c.Handle, handle) {
			return c.Name
		}
	}
	return handle
}
