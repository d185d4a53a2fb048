package inspect

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// CalendarCmd is the command calendar.
func CalendarCmd(f *ui.Face) *cobra.Command {
	var q inspect.CalendarQuery
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Inspect.Calendar.Entry()),
		Use:         "calendar [ENVIRONMENT]", Short: "When freeze windows close an environment, and when it is open",
		Long: `Shows when freeze windows close an environment to promotions, and when it is
open, by the clock of the windows' time zone. Where that clock changes in the
time shown, or the windows have several zones, the same is shown in UTC.`,
		Example: "  falkirk calendar prd\n  falkirk calendar prd --from 2026-03-01 --next 8w\n  falkirk calendar --next 12h --zone Asia/Tokyo",
		Args:    ui.AtMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Environment = strings.Join(args, "")
			all, err := usecase.Do(cmd.Context(), f.Call(), f.Inspect.Calendar, q)
			if err != nil {
				return err
			}
			f.Doc.Result = all
			return f.Text(func() { printCalendars(f, all) })
		},
	}
	cmd.Flags().StringVar(&q.Next, "next", "30d", "how much to show: 12h, 30d, 8w")
	cmd.Flags().StringVar(&q.From, "from", "", `the first day or minute to show: 2026-03-01, or "2026-03-01 16:00" (default: now)`)
	cmd.Flags().StringVar(&q.Zone, "zone", "", "show times by the clock of this zone (default: that of the first window)")
	return cmd
}
