({
    init: function (component) {
        var page = component.get("v.pageReference");
        var state = (page && page.state) || {};
        component.set("v.parameters", JSON.stringify(state.c__activity ? { activity: state.c__activity } : {}));
        component.set("v.isReady", true);
    }
})
