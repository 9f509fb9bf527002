package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/demo"
	"github.com/kith-social/kith/server/simulation"
)

type demoCmd struct {
	Listen        string        `help:"Address to serve the product on." default:"127.0.0.1:8080" placeholder:"ADDR"`
	SandboxListen string        `help:"Address to serve the sandbox network on." default:"127.0.0.1:8090" placeholder:"ADDR"`
	Data          string        `help:"Folder of the demo's database." default:"demo" type:"path" placeholder:"DIR"`
	DB            string        `name:"db" help:"Database: sqlite:PATH or postgres://…. Default: kith.db in the data folder." placeholder:"URL"`
	SecretKeyFile string        `help:"Key file that seals the connections' tokens. Default: secret.key in the data folder; required with PostgreSQL." type:"path" placeholder:"FILE"`
	PublicURL     string        `name:"public-url" help:"Address at which people reach the product. Default: http:// and the listen address." placeholder:"URL"`
	Clock         string        `help:"system, or manual: PUT /demo/clock moves the product's time ahead." default:"system" enum:"system,manual"`
	Undo          time.Duration `help:"How long an approved reply waits so that it can be taken back; 0s sends at once." default:"3s"`
	LogFormat     string        `help:"Form of log lines on stderr: text or json." default:"text" enum:"text,json"`
}

// demoGuide says what to try; %s is where the sandbox network is.
const demoGuide = `
Cà phê Sao Mai đã mở cửa. Thử một vòng nhé:
  1. Làm khách: mở %[1]s và viết một bài có nhắc @saomaicafe.
  2. Làm Huy: mở đường dẫn của huy@example.com, giữ chỗ bài đó và trả lời.
  3. Làm Minh, trong một cửa sổ ẩn danh: mở đường dẫn của minh@example.com và duyệt câu trả lời.
  4. Xem câu trả lời hiện dưới bài của khách, rồi cảm ơn Huy với tư cách khách.
  5. Xem điểm của Huy tăng. Ctrl-C để dừng; chạy lại thì mọi thứ còn nguyên.

The coffee shop is open. Once around:
  1. Be a customer: open %[1]s and write a post that names @saomaicafe.
  2. Be Huy: open the link of huy@example.com, claim that post and answer it.
  3. Be Minh, in a private window: open the link of minh@example.com and approve the answer.
  4. See the answer under the customer's post, then thank Huy as the customer.
  5. See Huy's points grow. Ctrl-C stops; the next start finds everything as it was.

`

func (c *demoCmd) Run(ctx context.Context, streams IO) error {
	cfg := demo.Config{
		Server: server.Config{
			Data: c.Data, DB: c.DB, SecretKeyFile: c.SecretKeyFile, Listen: c.Listen, PublicURL: c.PublicURL, LogFormat: c.LogFormat,
			Roles: []string{"web", "listen", "work"}, Undo: c.Undo, Simulate: simulation.Asked,
		},
		SandboxListen: c.SandboxListen,
		ManualClock:   c.Clock == "manual",
	}
	return demo.Run(ctx, cfg, logTo(streams, cfg.Server), func(r demo.Ready) {
		fmt.Fprintf(streams.Err, demoGuide, r.Sandbox)
		for _, s := range r.SignIn {
			fmt.Fprintln(streams.Out, "sign-in", s.Email, s.URL)
		}
		fmt.Fprintln(streams.Out, "ready", r.URL)
	})
}
