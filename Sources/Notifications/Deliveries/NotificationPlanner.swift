import API
import BoundaryText
import Database
import Jobs
import Ticketing

/// Plans who is notified of ticket events.
enum NotificationPlanner {
    /// Plans deliveries in the transaction that stores the events.
    static let listener = TicketListener(keeps: "EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id)") {
        news, db in
        var contexts: [Ticket.ID: PlanContext] = [:]
        let planned = try news.map { news in
            let context =
                try contexts[news.ticket.id]
                ?? PlanContext(
                    for: news.ticket, news.members, of: news.connection.id, news.connection.organization,
                    now: news.instant, in: db)
            contexts[news.ticket.id] = context
            return DeliveryStore.Planned(news: news, plan: context.plan(news.event))
        }
        return try DeliveryStore.insert(planned, in: db)
    }
}
