import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import Synchronization

extension HTTPField.Name {
    /// Names one request in answers and logs.
    public static let requestID = HTTPField.Name("x-request-id") ?? .cookie
    static let forwardedFor = HTTPField.Name("x-forwarded-for") ?? .cookie
}

/// What every request carries, signed in or not.
public struct WebContext: RequestContext {
    /// Hummingbird's own part.
    public var coreContext: CoreRequestContextStorage
    /// Taken over from the caller's `X-Request-Id` when it is harmless, else made here.
    public var requestID = ""
    /// Where the request comes from: the peer's address, or what a trusted proxy says.
    public var address: String?
    /// Answers are bounded, so are bodies: 1 MiB, see ``Problem`` for what a larger one gets.
    public var maxUploadSize: Int { 1 << 20 }

    /// Made by the server for each request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress
    }
}

/// Names each request, counts it, and turns every error into a problem document.
public struct RequestFrame: RouterMiddleware {
    private let errors: ErrorTranslation
    private let proxies: Proxies
    private let durations = RequestDurations()

    /// - Parameters:
    ///   - proxies: addresses of proxies whose `X-Forwarded-For` is believed; this machine's own is.
    ///   - errors: what callers are told of errors.
    ///   - logger: hears, once, of a proxy that does not say from where requests come.
    public init(proxies: [String] = [], errors: ErrorTranslation, logger: Logger? = nil) {
        self.proxies = Proxies(proxies, logger: logger)
        self.errors = errors
    }

    /// Frames one request.
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

    /// A caller's own id goes into logs, so only short ones of plain characters are taken over.
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

/// The timers of requests. Making one costs a lock and a label, so each is made once. What callers make up is no label:
/// the routes, the methods below and our own statuses bound how many there can be.
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
        // Somebody without a session or key could otherwise make a series of every route and method.
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
