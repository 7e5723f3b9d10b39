({
    init: function (component) {
        component.set("v.parameters", JSON.stringify({
            recordId: component.get("v.recordId"),
            objectName: component.get("v.sObjectName")
        }));
        component.set("v.isReady", true);
    }
})
