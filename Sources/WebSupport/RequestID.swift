import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import Synchronization

extension HTTPField.Name {
    /// Identifies a request in responses and logs.
    public static let requestID = HTTPField.Name("x-request-id") ?? .cookie
    static let forwardedFor = HTTPField.Name("x-forwarded-for") ?? .cookie
}

/// The context of every request, signed in or not.
public struct WebContext: RequestContext {
    /// Hummingbird's own context.
    public var coreContext: CoreRequestContextStorage
    /// The caller's `X-Request-Id` if it is harmless, otherwise generated.
    public var requestID = ""
    /// The client address: the peer's, or the one reported by a trusted proxy.
    public var address: String?
    /// The maximum size of a body: 1 MiB. ``ErrorTranslation`` turns a larger one into a ``Problem``.
    public var maxUploadSize: Int { 1 << 20 }

    /// Created by the server for each request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress
    }
}

/// Assigns each request an ID, measures it, and turns every error into a problem document.
public struct RequestFrame: RouterMiddleware {
    private let errors: ErrorTranslation
    private let proxies: Proxies
    private let durations = RequestDurations()

    /// - Parameters:
    ///   - proxies: Addresses of proxies whose `X-Forwarded-For` is trusted; this machine's own always is.
    ///   - errors: Converts errors to problems.
    ///   - logger: Receives one warning about a proxy that does not report client addresses.
    public init(proxies: [String] = [], errors: ErrorTranslation, logger: Logger? = nil) {
        self.proxies = Proxies(proxies, logger: logger)
        self.errors = errors
    }

    /// Handles one request.
    public func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = Self.accepted(request.headers[.requestID]) ?? Self.fresh()
        context.address = proxies.visitor(of: request, peer: context.address)
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = errors.problem(for: error, request, context).response(requestID: context.requestID)
        }
        response.headers[.requestID] = context.requestID
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        durations.timer(context.endpointPath, request.method, response.status)
            .recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        return response
    }

    /// A caller's ID is logged, so only short ones of plain characters are accepted.
    static func accepted(_ id: String?) -> String? {
        guard let id, (1...64).contains(id.utf8.count),
            id.utf8.allSatisfy({ ($0 | 32) >= 97 && ($0 | 32) <= 122 || $0 >= 48 && $0 <= 57 || $0 == 45 || $0 == 95 })
        else { return nil }
        return id
    }

    private static func fresh() -> String {
        String(UInt64.random(in: 0...UInt64.max), radix: 36)
    }
}

/// The request timers. Creating one costs a lock and a label, so each is created once. Values that callers can invent
/// are never labels: the routes, the methods below and our own statuses bound the number of series.
private final class RequestDurations: Sendable {
    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete]

    private struct Key: Hashable {
        let route: String?
        let method: HTTPRequest.Method?
        let status: Int
    }

    private let timers = Mutex<[Key: Metrics.Timer]>([:])

    func timer(_ route: String?, _ method: HTTPRequest.Method, _ status: HTTPResponse.Status) -> Metrics.Timer {
        let method = Self.methods.contains(method) ? method : nil
        // Otherwise callers without a sign-in or key could create a series for every route and method.
        let route = status == .unauthorized || status == .methodNotAllowed ? nil : route
        let key = Key(route: route, method: method, status: status.code)
        return timers.withLock { timers in
            if let timer = timers[key] { return timer }
            let timer = Metrics.Timer(
                label: "patchbay_http_request_duration_seconds",
                dimensions: [
                    ("route", route ?? "none"), ("method", method?.rawValue ?? "other"),
                    ("status", String(status.code)),
                ])
            timers[key] = timer
            return timer
        }
    }
}
