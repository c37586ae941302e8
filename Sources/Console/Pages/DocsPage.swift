import API
import Accounts
import BoundaryText
import Foundation
import Hummingbird
import WebSupport

/// The API's description for people, from the same table as everything else about it.
extension Console {
    func installDocs(in router: Router<WebContext>) {
        router.get("/docs") { request, context in
            try await framed(request, context) {
                guard let (token, live) = try await signedIn(request), live.duty == nil else {
                    return .redirect(to: "/sign-in?to=/docs")
                }
                let page = Page(
                    title: "API reference",
                    lead:
                        "Everything the console does can be done with an API key. Lists are paged: pass next_cursor as cursor. Errors are problem documents that say what to do.",
                    actions: [.link("OpenAPI document", "/api/v1/openapi.json", icon: "download")],
                    blocks: openAPI.operations.map(Self.block))
                return try await answer(.page(page), to: request, visit(request, context, token, live, Entries()))
            }
        }
    }

    private static func block(_ operation: OpenAPI.Operation) -> Block {
        let route = operation.route
        var parameters = route.query.map { item in
            ["parameter": item.name, "parameterText": item.summary] as Model
        }
        if case .page = route.gives {
            parameters.append([
                "parameter": "limit, cursor", "parameterText": "how many, and where the page before ended",
            ])
        }
        func text(_ schema: Schema?) -> String? {
            guard let schema, let data = try? APIJSON.encode(schema, sortedKeys: true),
                let object = try? JSONSerialization.jsonObject(with: data),
                let pretty = try? JSONSerialization.data(
                    withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            else { return nil }
            return String(decoding: pretty, as: UTF8.self)
        }
        let tone: Badge.Tone =
            switch route.method {
            case .get: .info
            case .post: .good
            case .delete: .bad
            default: .warning
            }
        return Block(
            "operation",
            [
                "anchor": operation.method.lowercased()
                    + operation.path.replacing(bytes: "/", with: "-").replacing(bytes: "{", with: "").replacing(
                        bytes: "}", with: ""),
                "tone": tone.rawValue, "method": operation.method, "path": operation.path,
                "roleLabel": "\(route.role.label) or more", "summary": route.summary,
                "hasParameters": !parameters.isEmpty,
                "parameters": parameters, "body": text(operation.request), "answer": text(operation.response),
                "status": "\(route.gives.status.code)",
            ])
    }
}
