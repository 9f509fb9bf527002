package cli

import (
	"fmt"
	"os"

	"github.com/kith-social/kith/listeners/sandbox"
)

// loadThreads puts an archive of real conversations on a sandbox network.
func loadThreads(network *sandbox.Network, file string, streams IO) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	posts, handles, err := network.LoadThreads(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	fmt.Fprintf(streams.Err, "%d posts of customers and %d brands are on the network\n", posts, len(handles))
	return nil
}
