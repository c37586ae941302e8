import API
import BoundaryText
import Notifications
import Outbound
import StandardWebhooks
import Webex

extension Server {
    /// Makes messengers that call chat systems through the guarded client.
    static func chatFactory(_ outbound: OutboundClient) -> Notifications.ChatConnections.Factory {
        { target in
            let name = "\(target.provider.rawValue):\(target.connection.map { "\($0)" } ?? "test")"
            let remote = Remote(
                name, for: target.provider == .webhook ? .webhook : .chat, limits: .init(timeOut: .seconds(20)))
            switch target.provider {
            case .webex:
                return WebexMessenger(
                    client: WebexClient(
                        token: target.token, outbound: outbound, remote: remote, base: target.url + "/v1"))
            case .webhook:
                return WebhookMessenger(
                    client: WebhookClient(url: target.url, outbound: outbound, remote: remote), target: target)
            }
        }
    }
}
